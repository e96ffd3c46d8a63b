// SPDX-License-Identifier: MIT
// Web sessions, stored in Redis in the format of express-session and connect-redis, so that Express applications can
// share them, or in the memory of this process. Start with session_store.
//
//     larder::session_store sessions{runtime, redis_options, {.secrets = {"keyboard cat"}}};
//     auto s = sessions.make();
//     s.set("userId", 42);
//     co_await sessions.save(s);
//     set_cookie("connect.sid=" + sessions.sign(s.id()));
//     ...
//     if (auto id = sessions.verify(cookie)) auto found = co_await sessions.find(*id);
//
// Sessions are cached in this process (near_cache.hpp), so a signed-in request rarely calls Redis. If another program
// changes or destroys a session, this process notices within milliseconds, at the latest within 3 s. Fields that other
// programs have stored in a session are kept. Reads and writes fail with errc::unavailable when Redis does not reply,
// because then it is not known who is signed in. Thread-safe. Formats: express-session 1.19, connect-redis 9 and 10,
// cookie-signature 1.2.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <larder/capped.hpp>
#include <larder/clock.hpp>
#include <larder/json/members.hpp>
#include <larder/result.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace larder {

class runtime;
namespace redis {
struct options;
}

class session {
 public:
    /// The field that names the session's owner, a text or an integer; see session_store::of_user().
    static constexpr std::string_view owner_field = "userId";

    session(std::string id, json::members data) : id_{std::move(id)}, data_{std::move(data)} {}

    const std::string& id() const noexcept { return id_; }
    /// Returns a field that the application stored; nullopt if it is absent or not a T.
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
    /// When the session expires, as known when it was read.
    boot_time expires_at() const noexcept { return expires_at_; }
    /// Whether the session is in the store.
    bool stored() const noexcept { return stored_; }
    /// Whether session_store::find() has just extended the session. The browser's cookie should then be set again.
    bool expiry_extended() const noexcept { return expiry_extended_; }

 private:
    friend class session_store;
    std::string id_;
    json::members data_;
    boot_time expires_at_{};
    std::optional<std::chrono::seconds> max_age_;  ///< parsed when the session is read, not for each request
    bool stored_ = false;
    bool expiry_extended_ = false;
};

/// The attributes of the cookie, which are stored in the session.
struct session_cookie_options {
    bool secure = false;            ///< Secure: browsers send the cookie over HTTPS only; set it in production
    std::string same_site = "lax";  ///< SameSite: strict, lax or none
};

struct session_options {
    std::vector<std::string> secrets;          ///< the first one signs, all verify; empty: no cookie is accepted
    std::string prefix = "sess:";              ///< prefix of session keys in Redis
    capped_seconds ttl{86400};                 ///< counted from the last use
    capped_milliseconds touch_every{300'000};  ///< minimum time between two extensions of a session
    session_cookie_options cookie{};
    std::size_t max_in_memory = 100'000;  ///< limit without Redis; the session that expires first is dropped
    capped_milliseconds deadline{2000};   ///< for a Redis call
    const clock* time = nullptr;          ///< null: the system clock
};

/// The result of session_store::save().
enum class save_result : std::uint8_t {
    stored,
    gone,         ///< the session was destroyed since it was read
    unavailable,  ///< Redis did not reply
};

class session_store {
 public:
    /// Stores sessions in Redis. Requires: the runtime outlives the store.
    session_store(runtime& loops, const redis::options& o, session_options s);
    /// Stores sessions in memory. They are lost when the process ends.
    explicit session_store(session_options s);
    ~session_store();

    /// Returns the signed cookie value for this id. Throws std::logic_error if there is no secret.
    std::string sign(std::string_view id) const;
    /// Returns the id in a cookie value; nullopt if none of the secrets has signed it.
    std::optional<std::string> verify(std::string_view cookie_value) const;

    /// Makes a new session with an id of 192 random bits. It is not stored until save().
    session make() const;
    /// Returns the session if no I/O is needed; nullptr means that find() must be called. Does not suspend.
    std::shared_ptr<const session> try_find(std::string_view id);
    /// Returns nullptr if there is no such session. Extends the session if `touch_every` has passed since the last
    /// extension; see session::expiry_extended().
    boost::asio::awaitable<result<std::shared_ptr<const session>>> find(std::string id);
    boost::asio::awaitable<save_result> save(session s);
    /// Stores the session under a new id and removes the old one. Call it after a sign-in, to prevent session fixation.
    boost::asio::awaitable<result<session>> regenerate(session s);
    boost::asio::awaitable<result<void>> destroy(std::string id);
    /// Returns all sessions of an owner (session::owner_field) that this store has saved or extended; the one that
    /// expires last is last.
    boost::asio::awaitable<result<std::vector<session>>> of_user(std::string owner);
    /// Destroys all sessions of an owner, except the one with the id `except`. Returns how many were destroyed.
    boost::asio::awaitable<result<std::size_t>> destroy_all(std::string owner, std::string except = {});
    /// Closes the connections. Requires: no call is in progress.
    boost::asio::awaitable<void> close();

    const session_options& options() const noexcept;
    class backend;

 private:
    timestamp wall() const;
    boot_time steady() const;
    bool touch_is_due(const session& s) const;
    void renew_cookie(session& s) const;

    session_options options_;
    std::unique_ptr<backend> backend_;
};

}  // namespace larder
