// SPDX-License-Identifier: MIT
#include <spdlog/spdlog.h>
#include <agora/app/open_redis.hpp>

namespace agora::app {

namespace redis = larder::redis;

namespace {

void log_command(const redis::command_record& r)
{
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(r.time).count();
    spdlog::debug("redis {} {} {} {} us{}", r.name, r.key, redis::to_string(r.what), us,
                  r.commands > 1 ? ", first of " + std::to_string(r.commands) : std::string{});
}

}  // namespace

std::unique_ptr<redis::client> open_redis(const config& c, larder::runtime& loops)
{
    if (!c.redis) return nullptr;
    try {
        auto client = std::make_unique<redis::client>(loops, *c.redis);
        if (spdlog::should_log(spdlog::level::debug)) client->on_command(log_command);
        client->on_failure([](std::string_view name, const redis::error& e) {
            spdlog::warn("redis: {} went on without it: {}", name, e.message);
        });
        return client;
    } catch (const boost::system::system_error& e) {
        throw config_error{"REDIS_URL: " + redis::words_of(e)};
    }
}

std::unique_ptr<larder::cache> open_cache(const config& c, larder::runtime& loops, redis::client* redis)
{
    larder::cache_options o;
    o.local_bytes = c.cache_memory_mb << 20;
    o.default_ttl = c.env == environment::production ? std::chrono::seconds{600} : std::chrono::seconds{300};
    o.relayed = true;
    if (redis == nullptr || c.env == environment::testing) return std::make_unique<larder::cache>(loops, o);
    auto cache = std::make_unique<larder::cache>(loops, redis->settings(), o);
    if (spdlog::should_log(spdlog::level::debug)) cache->on_redis_command(log_command);
    return cache;
}

}  // namespace agora::app
