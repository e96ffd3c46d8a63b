// SPDX-License-Identifier: MIT
// Where sessions are kept.
#pragma once

#include <larder/redis/options.hpp>
#include <larder/session.hpp>

namespace larder {

/// `cookie.originalMaxAge`, which is in milliseconds, or null.
std::optional<std::chrono::seconds> max_age_in(const json::members& data);

class session_store::backend {
 public:
    using found = std::shared_ptr<const session>;

    /// A session as it is written. A class with a constructor: see docs/decisions/0005-coroutines.md.
    class record {
     public:
        record(std::string session_id, std::string json) : id{std::move(session_id)}, text{std::move(json)} {}
        std::string id;
        std::string text;
        std::chrono::seconds ttl{0};
        std::string owner{};      ///< empty: nobody's
        bool must_exist = false;  ///< it was there: whoever destroyed it meanwhile is not overruled
        std::string replaces{};   ///< an id that is gone with this
    };

    virtual ~backend() = default;
    virtual found find_here(std::string_view id) = 0;
    virtual boost::asio::awaitable<result<found>> find(std::string id) = 0;
    virtual boost::asio::awaitable<saving> put(record r) = 0;
    virtual boost::asio::awaitable<result<void>> touch(std::string id, std::string owner, std::chrono::seconds ttl) = 0;
    /// `owner`: of all of them; empty: unknown.
    virtual boost::asio::awaitable<result<void>> remove(std::vector<std::string> ids, std::string owner) = 0;
    virtual boost::asio::awaitable<result<std::vector<session>>> of_user(std::string owner) = 0;
    virtual boost::asio::awaitable<void> close() = 0;

 protected:
    /// nullopt: not a session.
    static std::optional<session> read(std::string id, std::string_view text, boot_time ends)
    {
        auto data = json::members::parse(text);
        if (!data || !data->contains("cookie")) return std::nullopt;
        session s{std::move(id), *std::move(data)};
        s.ends_ = ends;
        s.max_age_ = max_age_in(s.data_);
        s.stored_ = true;
        return s;
    }
};

std::unique_ptr<session_store::backend> make_redis_sessions(runtime& loops, const redis::options& o,
                                                            const session_options& s);
std::unique_ptr<session_store::backend> make_memory_sessions(const session_options& s);

}  // namespace larder
