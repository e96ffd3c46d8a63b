// SPDX-License-Identifier: MIT
// Creates the Redis clients, the session store and the cache from the configuration. Commands are logged at level
// debug, with their key and duration but never with values.
#include <agora/application/open_redis.hpp>
#include <agora/log.hpp>
#include <larder/cache/inspector.hpp>

namespace agora::application {

namespace redis = larder::redis;

namespace {

void log_command(const redis::command_record& r)
{
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(r.time).count();
    log::debug("redis {} {} {} {} us{}", r.name, r.key, redis::to_string(r.outcome), us,
               r.commands > 1 ? ", first of " + std::to_string(r.commands) : std::string{});
}

}  // namespace

std::unique_ptr<redis::client> open_redis(const config& c, larder::runtime& loops)
{
    if (!c.redis) return nullptr;
    try {
        auto client = std::make_unique<redis::client>(loops, *c.redis);
        if (log::enabled(log::level::debug)) client->on_command(log_command);
        client->on_failure([](std::string_view name, const redis::error& e) {
            log::debug("redis: {} continued without Redis: {}", name, e.message);  // the watch logs one warning
        });
        return client;
    } catch (const boost::system::system_error& e) {
        throw config_error{"REDIS_URL: " + redis::message_of(e)};
    }
}

std::unique_ptr<redis::client> open_state(const config& c, larder::runtime& loops)
{
    if (!c.state) return nullptr;
    return std::make_unique<redis::client>(loops, *c.state);
}

std::unique_ptr<redis_watch::watch> open_watch(const std::optional<redis::options>& where, larder::runtime& loops,
                                               std::string role)
{
    if (!where) return nullptr;
    auto w = std::make_unique<redis_watch::watch>(loops, *where, std::move(role));
    if (log::enabled(log::level::debug)) w->on_command(log_command);
    return w;
}

std::unique_ptr<larder::session_store> open_sessions(const config& c, larder::runtime& loops)
{
    larder::session_options o;
    // reveal(): the store signs with them.
    for (const auto& s : c.session_secrets) o.secrets.emplace_back(s.reveal());
    o.prefix = "session:sess:";
    o.cookie.secure = c.env == environment::production;
    o.cookie.same_site = o.cookie.secure ? "strict" : "lax";
    const auto& where = c.state ? c.state : c.redis;
    if (!where) return std::make_unique<larder::session_store>(std::move(o));
    return std::make_unique<larder::session_store>(loops, *where, std::move(o));
}

std::unique_ptr<larder::cache> open_cache(const config& c, larder::runtime& loops, redis::client* redis)
{
    larder::cache_options o;
    o.local_bytes = c.cache_memory_mb << 20;
    o.default_ttl = c.env == environment::production ? std::chrono::seconds{600} : std::chrono::seconds{300};
    o.relayed = true;
    if (redis == nullptr || c.env == environment::testing) return std::make_unique<larder::cache>(loops, o);
    auto cache = std::make_unique<larder::cache>(loops, redis->settings(), o);
    if (log::enabled(log::level::debug)) larder::cache_inspector{*cache}.on_redis_command(log_command);
    return cache;
}

}  // namespace agora::application
