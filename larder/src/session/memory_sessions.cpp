// SPDX-License-Identifier: MIT
// Sessions in the memory of this process. by_id_ holds the sessions, by_expiry_ orders their ids by expiry; both always
// contain the same sessions, and one mutex protects them. Finding and storing a session first drops the expired ones.
#include <map>
#include <mutex>
#include <unordered_map>

#include "backend.hpp"

namespace larder {
namespace {

namespace asio = boost::asio;

class memory_sessions final : public session_store::backend {
 public:
    explicit memory_sessions(const session_options& s)
        : max_sessions_{s.max_in_memory}, clock_{s.time != nullptr ? *s.time : system_clock()}
    {}

    found try_find(std::string_view id) override
    {
        const std::lock_guard lock{mutex_};
        drop_expired();
        const auto at = by_id_.find(id);
        return at == by_id_.end() ? nullptr : at->second.what;
    }

    asio::awaitable<result<found>> find(std::string id) override { co_return try_find(id); }

    asio::awaitable<save_result> put(record r) override
    {
        const std::lock_guard lock{mutex_};
        drop_expired();
        if (!r.replaces.empty()) drop(r.replaces);
        if (r.must_exist && !by_id_.contains(r.id)) co_return save_result::gone;
        drop(r.id);
        if (by_id_.size() >= max_sessions_) drop(std::string{by_expiry_.begin()->second});
        const auto expires_at = clock_.steady() + r.ttl;
        auto s = read(r.id, r.text, expires_at);
        if (!s) co_return save_result::unavailable;
        by_id_.emplace(r.id, stored_session{std::make_shared<const session>(*std::move(s)), r.owner});
        by_expiry_.emplace(expires_at, r.id);
        co_return save_result::stored;
    }

    asio::awaitable<result<void>> touch(std::string id, std::string owner, std::chrono::seconds ttl) override
    {
        std::optional<record> again;
        {
            const std::lock_guard lock{mutex_};
            const auto at = by_id_.find(id);
            if (at == by_id_.end()) co_return result<void>{};
            again.emplace(std::move(id), at->second.what->data().text());
        }
        again->ttl = ttl;
        again->owner = std::move(owner);
        again->must_exist = true;
        co_await put(*std::move(again));
        co_return result<void>{};
    }

    asio::awaitable<result<void>> remove(std::vector<std::string> ids, std::string) override
    {
        const std::lock_guard lock{mutex_};
        for (const auto& id : ids) drop(id);
        co_return result<void>{};
    }

    asio::awaitable<result<std::vector<session>>> of_user(std::string owner) override
    {
        const std::lock_guard lock{mutex_};
        drop_expired();
        std::vector<session> out;
        for (const auto& [expires_at, id] : by_expiry_) {
            const auto& k = by_id_.at(id);
            if (k.owner == owner) out.push_back(*k.what);
        }
        co_return out;
    }

    asio::awaitable<void> close() override { co_return; }

 private:
    /// Allows lookups by string_view, without a copy of the id.
    struct id_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view id) const noexcept { return std::hash<std::string_view>{}(id); }
    };
    struct stored_session {
        found what;
        std::string owner;
    };

    void drop(const std::string& id)
    {
        const auto at = by_id_.find(id);
        if (at == by_id_.end()) return;
        const auto [begin, end] = by_expiry_.equal_range(at->second.what->expires_at());
        for (auto i = begin; i != end; ++i) {
            if (i->second != id) continue;
            by_expiry_.erase(i);
            break;
        }
        by_id_.erase(at);
    }
    void drop_expired()
    {
        const auto now = clock_.steady();
        while (!by_expiry_.empty() && by_expiry_.begin()->first <= now) drop(std::string{by_expiry_.begin()->second});
    }

    const std::size_t max_sessions_;
    const clock& clock_;
    std::mutex mutex_;
    std::unordered_map<std::string, stored_session, id_hash, std::equal_to<>> by_id_;
    std::multimap<boot_time, std::string> by_expiry_;
};

}  // namespace

std::unique_ptr<session_store::backend> make_memory_sessions(const session_options& s)
{
    return std::make_unique<memory_sessions>(s);
}

}  // namespace larder
