// SPDX-License-Identifier: MIT
// The storage behind session_store: the interface, with one implementation for Redis and one for memory.
#pragma once

#include <larder/redis/options.hpp>
#include <larder/session.hpp>

namespace larder {

/// Returns `cookie.originalMaxAge`, which is stored in milliseconds; nullopt if it is absent or null.
std::optional<std::chrono::seconds> max_age_in(const json::members& data);

class session_store::backend {
 public:
    using found = std::shared_ptr<const session>;

    /// A session to be written. A class with a constructor, because of docs/decisions/0005-coroutines.md.
    class record {
     public:
        record(std::string session_id, std::string json) : id{std::move(session_id)}, text{std::move(json)} {}
        std::string id;
        std::string text;
        std::chrono::seconds ttl{0};
        std::string owner{};      ///< empty: no owner
        bool must_exist = false;  ///< write only if it still exists, so that a destroyed session does not come back
        std::string replaces{};   ///< the id of a session to remove in the same step
    };

    virtual ~backend() = default;
    virtual found try_find(std::string_view id) = 0;
    virtual boost::asio::awaitable<result<found>> find(std::string id) = 0;
    virtual boost::asio::awaitable<save_result> put(record r) = 0;
    virtual boost::asio::awaitable<result<void>> touch(std::string id, std::string owner, std::chrono::seconds ttl) = 0;
    /// `owner` is the owner of all these sessions; empty if unknown.
    virtual boost::asio::awaitable<result<void>> remove(std::vector<std::string> ids, std::string owner) = 0;
    virtual boost::asio::awaitable<result<std::vector<session>>> of_user(std::string owner) = 0;
    virtual boost::asio::awaitable<void> close() = 0;

 protected:
    /// Parses a stored session; returns nullopt if the text is not a session.
    static std::optional<session> read(std::string id, std::string_view text, boot_time expires_at)
    {
        auto data = json::members::parse(text);
        if (!data || !data->contains("cookie")) return std::nullopt;
        session s{std::move(id), *std::move(data)};
        s.expires_at_ = expires_at;
        s.max_age_ = max_age_in(s.data_);
        s.stored_ = true;
        return s;
    }
};

std::unique_ptr<session_store::backend> make_redis_sessions(runtime& loops, const redis::options& o,
                                                            const session_options& s);
std::unique_ptr<session_store::backend> make_memory_sessions(const session_options& s);

}  // namespace larder
