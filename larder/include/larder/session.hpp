// SPDX-License-Identifier: MIT
// Sessions in Redis, as express-session and connect-redis keep them, so that Express applications share them; or in
// this process.
//
//     larder::session_store sessions{runtime, redis_options, {.secrets = {"keyboard cat"}}};
//     auto s = sessions.make();
//     s.set("userId", 42);
//     co_await sessions.save(s);
//     set_cookie("connect.sid=" + sessions.sign(s.id()));
//     ...
//     if (auto id = sessions.verify(cookie)) auto found = co_await sessions.find(*id);
//
// A session is read near (near_cache.hpp): a signed-in request rarely calls Redis, and a session that was changed or
// destroyed elsewhere is noticed within milliseconds, at the latest within 3 s. What others have put into it is kept.
// Reads and writes fail with errc::unavailable when Redis does not answer: then nobody knows who is signed in.
// Thread-safe. Formats: express-session 1.19, connect-redis 9 and 10, cookie-signature 1.2.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <larder/capped.hpp>
#include <larder/clock.hpp>
#include <larder/json/members.hpp>
#include <larder/redis/options.hpp>
#include <larder/result.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

class runtime;

class session {
 public:
    session(std::string id, json::members data) : id_{std::move(id)}, data_{std::move(data)} {}

    const std::string& id() const noexcept { return id_; }
    /// A field of the application's; nullopt: it is not there, or is no T.
    template <class T>
    std::optional<T> get(std::string_view field) const
    {
        return data_.get<T>(field);
    }
    template <class T>
    void set(std::string_view field, const T& value)
    {
        data_.set(field, value);
    }
    void erase(std::string_view field) { data_.erase(field); }
    const json::members& data() const noexcept { return data_; }
    /// Until it ends by itself, as was known when it was read.
    boot_time ends() const noexcept { return ends_; }
    /// It is in the store.
    bool stored() const noexcept { return stored_; }
    /// session_store::find() has just moved its end: the browser's cookie should be set again.
    bool end_moved() const noexcept { return end_moved_; }

 private:
    friend class session_store;
    std::string id_;
    json::members data_;
    boot_time ends_{};
    std::optional<std::chrono::seconds> max_age_;  ///< as it was read: parsed once, not for each request
    bool stored_ = false;
    bool end_moved_ = false;
};

struct session_options {
    std::vector<std::string> secrets;           ///< the first signs, all are accepted; none: everything is refused
    std::string prefix = "sess:";               ///< of keys in Redis
    std::string index_prefix = "sessions-of:";  ///< of the keys that hold the ids of one owner
    capped_seconds ttl{86400};                  ///< since it was last seen
    capped_milliseconds touch_every{300'000};   ///< its end is not moved more often
    std::string owner_field = "userId";         ///< the field that says whose it is: of_user() finds it by that
    bool secure = false;                        ///< of the cookie, for applications that set it from the stored session
    std::string same_site = "lax";              ///< likewise: strict, lax or none
    std::size_t most_in_memory = 100'000;       ///< without Redis; the one that would end first goes
    capped_milliseconds deadline{2000};
    const clock* time = nullptr;  ///< null: the process's
};

enum class saving : std::uint8_t {
    stored,
    gone,  ///< it was in the store, and somebody has destroyed it meanwhile
    unavailable,
};

class session_store {
 public:
    /// Requires: the runtime outlives this.
    session_store(runtime& loops, const redis::options& o, session_options s);
    /// In memory: they end with the process.
    explicit session_store(session_options s);
    ~session_store();

    /// The cookie's value for this id.
    std::string sign(std::string_view id) const;
    /// The id of a cookie's value; nullopt: it was not signed by us.
    std::optional<std::string> verify(std::string_view cookie_value) const;

    /// A new one with an id of 192 random bits. It is not in the store yet.
    session make() const;
    /// Without suspending; null: find() has to look.
    std::shared_ptr<const session> find_here(std::string_view id);
    /// null: there is none. Moves its end when it has been read for `touch_every` since the last time, see end_moved().
    boost::asio::awaitable<result<std::shared_ptr<const session>>> find(std::string id);
    boost::asio::awaitable<saving> save(session s);
    /// The same session under a new id (after a sign-in, against fixation); the old one is gone.
    boost::asio::awaitable<result<session>> regenerate(session s);
    boost::asio::awaitable<result<void>> destroy(std::string id);
    /// All of one owner that this store has saved or touched, the newest last.
    boost::asio::awaitable<result<std::vector<session>>> of_user(std::string owner);
    /// All of them but one.
    boost::asio::awaitable<result<std::size_t>> destroy_all(std::string owner, std::string except = {});
    /// Ends its connections. Requires: no call is under way.
    boost::asio::awaitable<void> close();

    const session_options& options() const noexcept;
    class backend;

 private:
    timestamp wall() const;
    boot_time steady() const;
    bool touch_is_due(const session& s) const;
    void renew_cookie(session& s) const;
    std::string owner_of(const json::members& data) const;

    session_options options_;
    std::unique_ptr<backend> backend_;
};

}  // namespace larder
