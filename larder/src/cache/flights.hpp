// SPDX-License-Identifier: MIT
// Single flight: at most one coroutine of this process fetches a key at a time, for all callers that want it.
// Invariants: a flight is in the table from join_or_start() until finish() or detach(). A caller that joins it gets its
// result. After detach() nobody can join it, and its result is not kept, because it may be from before an invalidation.
// insert_if_attached() and detach() exclude each other, so no value enters L1 after an invalidation of its key if it
// was read before. Start at join_or_start() and finish(). Thread-safe; the table is striped by key.
#pragma once

#include <array>
#include <atomic>
#include <exception>
#include <larder/cache/record.hpp>
#include <mutex>
#include <unordered_map>

#include "waiters.hpp"

namespace larder::detail {

/// Where the result of a flight came from; `refused`: loaded, but not kept; `nothing`: no result.
enum class fetched : std::uint8_t { local, shared, loaded, refused, stale, nothing };

class flight {
 public:
    flight(std::string_view k, boot_time s) : key{k}, started{s} {}

    const std::string key;
    const boot_time started;
    std::atomic<int> channel = -1;    ///< the channel of the reply, which reports changes of the key; -1: no reply yet
    std::atomic<bool> asked = false;  ///< the fetch has begun and may have read something

    // Protected by the stripe's mutex:
    bool attached = true;
    bool done = false;
    bool sampled = false;         ///< `tags` is set
    std::vector<tag_stamp> tags;  ///< the tags of the value, as they were before its load
    std::string token;            ///< token of its lease in Redis; empty: it takes none
    std::shared_ptr<const record> result;
    fetched how = fetched::nothing;  ///< done with `nothing` and no failure: abandoned; a waiter should try again
    std::exception_ptr failure;
    std::vector<std::shared_ptr<waiter>> waiting;
};

/// The result of join_or_start(): a flight, and whether the caller has to lead it.
class flight_slot {
 public:
    flight_slot(std::shared_ptr<flight> f, bool l, std::string o) : in{std::move(f)}, leads{l}, overtaken{std::move(o)}
    {}
    std::shared_ptr<flight> in;
    bool leads;
    std::string overtaken;  ///< token of the key's earlier flight that this one has replaced; empty if there was none
};

class flight_table {
 public:
    /// Joins the key's flight if it started after `oldest` and its tags are still valid; a `strict` reader joins only
    /// if the flight has not read anything yet. Otherwise starts a new flight and detaches the old one.
    flight_slot join_or_start(std::string_view key, boot_time now, boot_time oldest, bool strict);

    /// Sets the tags that the flight's value will carry, and the token under which it may take a lease.
    void sampled(flight& f, std::vector<tag_stamp> tags, const std::string& token);
    /// Runs insert() and returns true, unless the flight is detached or one of its tags has been invalidated.
    template <class Insert>
    bool insert_if_attached(const flight& f, Insert insert)
    {
        const std::lock_guard lock{of(f.key).mutex};
        if (!f.attached || !valid(f)) return false;
        insert();
        return true;
    }
    /// Sets the result and wakes all callers that joined. Later calls have no effect.
    void finish(flight& f, std::shared_ptr<const record> result, fetched how, std::exception_ptr failure = nullptr);
    /// Finishes the flight with what look() finds in L1; returns false if it finds nothing. Nobody can join between the
    /// lookup and the end of the flight, so no caller gets a value that was invalidated before the call.
    template <class Look>
    bool finish_with_held(flight& f, Look look)
    {
        waiters waiting;
        {
            const std::lock_guard lock{of(f.key).mutex};
            std::shared_ptr<const record> held = look();
            if (held == nullptr) return false;
            waiting = end(f, std::move(held), fetched::local, nullptr);
        }
        wake(std::move(waiting));
        return true;
    }
    /// Returns whether the flight is still attached: its key was not invalidated, and no push has reported a change.
    bool attached(const flight& f)
    {
        const std::lock_guard lock{of(f.key).mutex};
        return f.attached;
    }
    /// Takes the key's flight, if there is one, out of the table, and runs remove() under the same lock.
    template <class Remove>
    void detach(std::string_view key, Remove remove)
    {
        auto& s = of(key);
        const std::lock_guard lock{s.mutex};
        take_out(s, key);
        remove();
    }
    /// As detach(), but detaches the flight only if its reply came by this channel; runs remove() in any case.
    template <class Remove>
    void on_invalidation_push(std::string_view key, int channel, Remove remove)
    {
        auto& s = of(key);
        const std::lock_guard lock{s.mutex};
        const auto found = s.flights.find(key);
        if (found != s.flights.end() && found->second->channel == channel) take_out(s, key);
        remove();
    }
    /// Waits for the end of the flight. Returns false on timeout (`until`).
    static boost::asio::awaitable<bool> wait(flight_table& table, std::shared_ptr<flight> f,
                                             std::chrono::steady_clock::time_point until);

 private:
    struct stripe {
        std::mutex mutex;
        std::unordered_map<std::string_view, std::shared_ptr<flight>> flights;  ///< keys are views of flight::key
    };
    using waiters = std::vector<std::shared_ptr<waiter>>;
    /// Requires: the stripe's mutex is held. Returns the waiters, to be woken after it is released.
    waiters end(flight& f, std::shared_ptr<const record> result, fetched how, std::exception_ptr failure);
    static void wake(waiters waiting);
    stripe& of(std::string_view key) noexcept { return stripes_[std::hash<std::string_view>{}(key) % stripes_.size()]; }
    static bool valid(const flight& f) noexcept;
    static std::shared_ptr<flight> take_out(stripe& s, std::string_view key);

    std::array<stripe, 64> stripes_;
};

}  // namespace larder::detail
