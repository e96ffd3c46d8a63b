// SPDX-License-Identifier: MIT
// <prefix><id> is the session's JSON, as connect-redis writes it. <index_prefix><owner> is a sorted set of the ids of
// one user, by when they end; express-session knows nothing of it, so an id in it may be gone.
#include <algorithm>
#include <array>
#include <larder/near_cache.hpp>
#include <larder/redis.hpp>

#include "backend.hpp"

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

    /// Called for most requests: the key of a usual id is made without an allocation.
    found find_here(std::string_view id) override
    {
        std::array<char, 128> text{};
        const auto size = options_.prefix.size() + id.size();
        if (size > text.size()) return near_.get_here(key(id));
        std::ranges::copy(id, std::ranges::copy(options_.prefix, text.begin()).out);
        return near_.get_here({text.data(), size});
    }

    asio::awaitable<result<found>> find(std::string id) override
    {
        auto read = co_await near_.get(key(id));
        if (!read) co_return make_error_code(errc::unavailable);
        co_return *std::move(read);
    }

    asio::awaitable<saving> put(record r) override
    {
        redis::request all;
        if (r.must_exist) {
            all.add("SET", key(r.id), r.text, "EX", r.ttl.count(), "XX");
        } else {
            all.add("SET", key(r.id), r.text, "EX", r.ttl.count());
        }
        if (!r.replaces.empty()) all.add("DEL", key(r.replaces));
        add_to_index(all, r.id, r.owner, r.ttl);
        near_.forget(key(r.id));
        if (!r.replaces.empty()) near_.forget(key(r.replaces));
        const auto done = co_await client_.exec_each<bool>(std::move(all), {options_.deadline});
        near_.forget(key(r.id));
        if (!r.replaces.empty()) near_.forget(key(r.replaces));
        if (!done || !done->front()) co_return saving::unavailable;
        co_return *done->front() ? saving::stored : saving::gone;
    }

    asio::awaitable<result<void>> touch(std::string id, std::string owner, std::chrono::seconds ttl) override
    {
        redis::request all{"EXPIRE", key(id), ttl.count()};
        add_to_index(all, id, owner, ttl);
        const auto done = co_await client_.exec_each<bool>(std::move(all), {options_.deadline});
        if (!done) co_return make_error_code(errc::unavailable);
        co_return result<void>{};
    }

    asio::awaitable<result<void>> remove(std::vector<std::string> ids) override
    {
        for (auto& id : ids) id = key(id);
        for (const auto& k : ids) near_.forget(k);
        const auto done = co_await client_.exec<std::int64_t>(redis::request{"DEL", ids}, {options_.deadline});
        for (const auto& k : ids) near_.forget(k);
        if (!done) co_return make_error_code(errc::unavailable);
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
        std::vector<std::string> gone;
        for (std::size_t i = 0; i < ids->size(); ++i) {
            const auto& text = (*texts)[2 * i];
            const auto& left = (*texts)[2 * i + 1];
            if (!text || !left) co_return make_error_code(errc::unavailable);
            std::optional<session> s;
            if (*text) s = read((*ids)[i], **text, clock_.steady() + capped_milliseconds{std::stoll(**left)});
            if (s) {
                out.push_back(*std::move(s));
            } else {
                gone.push_back((*ids)[i]);
            }
        }
        redis::request drop{"ZREM", index(owner), gone};
        if (!gone.empty()) co_await client_.exec(std::move(drop), {options_.deadline});
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
        if (s.time != nullptr) n.now = [time = s.time] { return time->steady(); };
        return n;
    }
    std::string key(std::string_view id) const { return options_.prefix + std::string{id}; }
    std::string index(std::string_view owner) const { return options_.index_prefix + std::string{owner}; }

    void add_to_index(redis::request& to, const std::string& id, const std::string& owner, std::chrono::seconds ttl)
    {
        if (owner.empty()) return;
        const auto ends = clock_.wall().time_since_epoch() + ttl;
        to.add("ZADD", index(owner), ends.count(), id).add("EXPIRE", index(owner), ttl.count());
    }

    found decode(std::string_view id, std::string_view text, std::chrono::milliseconds left) const
    {
        const auto ends = left.count() == 0 ? boot_time::max() : clock_.steady() + left;
        auto s = read(std::string{id}, text, ends);
        return s ? std::make_shared<const session>(*std::move(s)) : nullptr;
    }

    static redis::options with_shared_liveness(redis::options o)
    {
        o.alive = redis::share_liveness();
        return o;
    }

    const session_options options_;
    const clock& clock_;
    const redis::options redis_;
    redis::client client_;  ///< not tracked: what it writes is told to the other
    near_cache<session> near_;
};

}  // namespace

std::unique_ptr<session_store::backend> make_redis_sessions(runtime& loops, const redis::options& o,
                                                            const session_options& s)
{
    return std::make_unique<redis_sessions>(loops, o, s);
}

}  // namespace larder
