// SPDX-License-Identifier: MIT
// Sessions in Redis. The key <prefix><id> holds the session as JSON, in the format of connect-redis. The key
// sessions-of:<owner> is a sorted set of one owner's session ids, ordered by expiry. express-session does not
// maintain this index, so a session in it may no longer exist, or may expire later than the index says. No session is
// missing from the index, because its id is added before the session is written and removed after the session is
// deleted. Reads go through near_, a client-side cache. Writes go through client_; put() and remove() make near_ forget
// the key before and after the write.
#include <algorithm>
#include <array>
#include <larder/near_cache.hpp>
#include <larder/redis.hpp>

#include "backend.hpp"
#include "scripts.hpp"

namespace larder {
namespace {

namespace asio = boost::asio;

class redis_sessions final : public session_store::backend {
 public:
    redis_sessions(runtime& loops, const redis::options& o, const session_options& s)
        : options_{s},
          clock_{s.time != nullptr ? *s.time : system_clock()},
          redis_{with_shared_liveness(o)},
          client_{loops, redis_},
          near_{loops, redis_,
                [this](std::string_view k, std::string_view text, std::chrono::milliseconds left) {
                    return decode(k.substr(options_.prefix.size()), text, left);
                },
                near_options(s)}
    {}

    /// Called for most requests, so the key for an id of usual length is built without an allocation.
    found try_find(std::string_view id) override
    {
        std::array<char, 128> text{};
        const auto size = options_.prefix.size() + id.size();
        if (size > text.size()) return near_.get_local(key(id));
        std::ranges::copy(id, std::ranges::copy(options_.prefix, text.begin()).out);
        return near_.get_local({text.data(), size});
    }

    asio::awaitable<result<found>> find(std::string id) override
    {
        auto read = co_await near_.get(key(id));
        if (!read) co_return make_error_code(errc::unavailable);
        co_return *std::move(read);
    }

    asio::awaitable<save_result> put(record r) override
    {
        const auto indexed = co_await add_to_index(r.id, r.owner, r.ttl);
        if (!indexed) co_return save_result::unavailable;
        redis::request all;
        if (r.must_exist) {
            all.add("SET", key(r.id), r.text, "EX", r.ttl.count(), "XX");
        } else {
            all.add("SET", key(r.id), r.text, "EX", r.ttl.count());
        }
        if (!r.replaces.empty()) all.add("DEL", key(r.replaces));
        near_.forget(key(r.id));
        if (!r.replaces.empty()) near_.forget(key(r.replaces));
        const auto done = co_await client_.exec_each<bool>(std::move(all), {options_.deadline});
        near_.forget(key(r.id));
        if (!r.replaces.empty()) near_.forget(key(r.replaces));
        if (!done || !done->front()) co_return save_result::unavailable;
        if (!r.replaces.empty()) {
            std::vector<std::string> former{std::move(r.replaces)};
            co_await drop_from_index(std::move(r.owner), std::move(former));
        }
        co_return *done->front() ? save_result::stored : save_result::gone;
    }

    asio::awaitable<result<void>> touch(std::string id, std::string owner, std::chrono::seconds ttl) override
    {
        const auto indexed = co_await add_to_index(id, owner, ttl);
        if (!indexed) co_return indexed;
        redis::request move{"EXPIRE", key(id), ttl.count()};
        const auto done = co_await client_.exec<bool>(std::move(move), {options_.deadline});
        if (!done) co_return make_error_code(errc::unavailable);
        co_return result<void>{};
    }

    asio::awaitable<result<void>> remove(std::vector<std::string> ids, std::string owner) override
    {
        auto keys = ids;
        for (auto& k : keys) k = key(k);
        for (const auto& k : keys) near_.forget(k);
        const auto done = co_await client_.exec<std::int64_t>(redis::request{"DEL", keys}, {options_.deadline});
        for (const auto& k : keys) near_.forget(k);
        if (!done) co_return make_error_code(errc::unavailable);
        co_await drop_from_index(std::move(owner), std::move(ids));
        co_return result<void>{};
    }

    asio::awaitable<result<std::vector<session>>> of_user(std::string owner) override
    {
        const redis::request indexed{"ZRANGE", index(owner), 0, -1};
        const auto ids = co_await client_.exec<std::vector<std::string>>(indexed, {options_.deadline});
        if (!ids) co_return make_error_code(errc::unavailable);
        std::vector<session> out;
        if (ids->empty()) co_return out;
        redis::request all;
        for (const auto& id : *ids) all.add("GET", key(id)).add("PTTL", key(id));
        const auto texts = co_await client_.exec_each<std::optional<std::string>>(std::move(all), {options_.deadline});
        if (!texts) co_return make_error_code(errc::unavailable);
        for (std::size_t i = 0; i < ids->size(); ++i) {
            const auto& text = (*texts)[2 * i];
            const auto& left = (*texts)[2 * i + 1];
            if (!text || !left) co_return make_error_code(errc::unavailable);
            if (!*text) continue;  // deleted, or about to be written
            auto s = read((*ids)[i], **text, clock_.steady() + capped_milliseconds{std::stoll(**left)});
            if (s) out.push_back(*std::move(s));
        }
        co_return out;
    }

    asio::awaitable<void> close() override
    {
        co_await near_.close();
        co_await client_.disconnect();
    }

 private:
    static near_cache_options near_options(const session_options& s)
    {
        near_cache_options n;
        n.ttl = s.touch_every;
        n.deadline = s.deadline;
        n.time = s.time;
        return n;
    }
    std::string key(std::string_view id) const { return options_.prefix + std::string{id}; }
    static std::string index(std::string_view owner) { return "sessions-of:" + std::string{owner}; }

    asio::awaitable<result<void>> add_to_index(std::string id, std::string owner, std::chrono::seconds ttl)
    {
        if (owner.empty()) co_return result<void>{};
        auto add = detail::lua::index_session(std::array{index(owner)}, id, ttl.count());
        const auto expired = co_await client_.exec<std::vector<std::string>>(std::move(add), {options_.deadline});
        if (!expired) co_return make_error_code(errc::unavailable);
        if (!expired->empty()) co_await check_expired(std::move(owner), *expired);
        co_return result<void>{};
    }

    /// For ids whose time has passed: removes those of deleted sessions from the index, and updates the expiry of
    /// sessions that another program has extended.
    asio::awaitable<void> check_expired(std::string owner, std::vector<std::string> ids)
    {
        redis::request query;
        for (const auto& id : ids) query.add("TTL", key(id));
        const auto left = co_await client_.exec_each<std::int64_t>(std::move(query), {options_.deadline});
        if (!left) co_return;
        std::vector<std::string> gone;
        for (std::size_t i = 0; i < ids.size(); ++i) {
            const auto& seconds = (*left)[i];
            if (!seconds) continue;
            if (*seconds == -2) {
                gone.push_back(ids[i]);
                continue;
            }
            const auto until = *seconds == -1 ? options_.ttl.count() : *seconds + 1;  // -1: no expiry
            auto add = detail::lua::index_session(std::array{index(owner)}, ids[i], until);
            co_await client_.exec(std::move(add), {options_.deadline});
        }
        co_await drop_from_index(std::move(owner), std::move(gone));
    }

    /// Ignores errors: an id that stays in the index names no session, and is removed later.
    asio::awaitable<void> drop_from_index(std::string owner, std::vector<std::string> ids)
    {
        if (owner.empty() || ids.empty()) co_return;
        redis::request drop{"ZREM", index(owner), ids};
        co_await client_.exec(std::move(drop), {options_.deadline});
    }

    found decode(std::string_view id, std::string_view text, std::chrono::milliseconds left) const
    {
        const auto expires_at = left.count() == 0 ? boot_time::max() : clock_.steady() + left;
        auto s = read(std::string{id}, text, expires_at);
        return s ? std::make_shared<const session>(*std::move(s)) : nullptr;
    }

    static redis::options with_shared_liveness(redis::options o)
    {
        o.liveness = redis::share_liveness();
        return o;
    }

    const session_options options_;
    const clock& clock_;
    const redis::options redis_;
    redis::client client_;  ///< not tracked, so its writes are pushed to near_
    near_cache<session> near_;
};

}  // namespace

std::unique_ptr<session_store::backend> make_redis_sessions(runtime& loops, const redis::options& o,
                                                            const session_options& s)
{
    return std::make_unique<redis_sessions>(loops, o, s);
}

}  // namespace larder
