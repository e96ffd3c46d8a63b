// SPDX-License-Identifier: MIT
// Single flight: at any time at most one coroutine of this process fetches a key for all that want it.
// Invariants. A flight stands in the table from start() until finish() or detach(). Who joins gets its result. After
// detach() nobody joins it any more, and what it brings is not kept: it was asked for before an invalidation.
// insert_if_attached() and detach() exclude each other, so L1 never gets a value from before an invalidation that has
// passed it.
#pragma once

#include <array>
#include <atomic>
#include <exception>
#include <larder/cache/record.hpp>
#include <larder/test_points.hpp>
#include <mutex>
#include <unordered_map>

#include "waiters.hpp"

namespace larder::detail {

enum class fetched : std::uint8_t { local, shared, loaded, refused, stale, nothing };

class flight {
 public:
    flight(std::string_view k, boot_time s) : key{k}, started{s} {}

    const std::string key;
    const boot_time started;
    std::atomic<int> channel = -1;    ///< by which Redis has answered, and tells of changes; -1: not yet
    std::atomic<bool> asked = false;  ///< it may have read something

    // Under the stripe's mutex:
    bool attached = true;
    bool done = false;
    bool sampled = false;         ///< `tags` is filled
    std::vector<tag_stamp> tags;  ///< the value's, from before its load
    std::string token;            ///< of its lease in Redis; empty: none
    std::shared_ptr<const record> result;
    fetched how = fetched::nothing;  ///< when done: nothing and no failure: given up, the next one shall try
    std::exception_ptr failure;
    std::vector<std::shared_ptr<waiter>> waiting;
};

/// What join_or_start() gives.
class flight_slot {
 public:
    flight_slot(std::shared_ptr<flight> f, bool l, std::string o) : in{std::move(f)}, leads{l}, overtaken{std::move(o)}
    {}
    std::shared_ptr<flight> in;
    bool leads;
    std::string overtaken;  ///< the token of a flight that an invalidation has overtaken, if there was one
};

class flight_table {
 public:
    /// Joins the flight of the key, if it started after `oldest`, its tags are valid, and it is not `strict`ly too
    /// late; else starts one, detaching any other.
    flight_slot join_or_start(std::string_view key, boot_time now, boot_time oldest, bool strict);

    /// The flight's value carries these tags; it may get a lease under the token.
    void sampled(flight& f, std::vector<tag_stamp> tags, const std::string& token);
    /// Runs insert() unless the flight is detached or one of its tags is invalid by now.
    template <class Insert>
    bool insert_if_attached(const flight& f, Insert insert)
    {
        const std::lock_guard lock{of(f.key).mutex};
        if (!f.attached || !valid(f)) return false;
        insert();
        return true;
    }
    /// Wakes all that joined. The first call counts.
    void finish(flight& f, std::shared_ptr<const record> result, fetched how, std::exception_ptr failure = nullptr);
    /// Finishes it with what look() finds in L1, if it finds something. Nobody joins between the look and the end, so
    /// nobody gets a value that was invalidated before he came.
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
    /// No invalidation of its key has passed it, and nobody has told of the key's change.
    bool attached(const flight& f)
    {
        const std::lock_guard lock{of(f.key).mutex};
        return f.attached;
    }
    /// Runs remove() and takes the key's flight, if any, out of the table.
    template <class Remove>
    void detach(std::string_view key, Remove remove)
    {
        auto& s = of(key);
        const std::lock_guard lock{s.mutex};
        if (holds(rule::an_invalidation_detaches_the_flight)) take_out(s, key);
        remove();
    }
    /// As detach(), if the flight's answer came by this channel; runs remove() in any case.
    template <class Remove>
    void on_invalidation_push(std::string_view key, int channel, Remove remove)
    {
        auto& s = of(key);
        const std::lock_guard lock{s.mutex};
        const auto found = s.flights.find(key);
        if (found != s.flights.end() && found->second->channel == channel && holds(rule::a_push_detaches_the_flight))
            take_out(s, key);
        remove();
    }
    /// Waits for the flight's end. False: `until` came first.
    static boost::asio::awaitable<bool> wait(flight_table& table, std::shared_ptr<flight> f,
                                             std::chrono::steady_clock::time_point until);

 private:
    struct stripe {
        std::mutex mutex;
        std::unordered_map<std::string_view, std::shared_ptr<flight>> flights;  ///< the keys are the flights' own
    };
    using waiters = std::vector<std::shared_ptr<waiter>>;
    /// Under the stripe's mutex. Returns whom to wake after it.
    waiters end(flight& f, std::shared_ptr<const record> result, fetched how, std::exception_ptr failure);
    static void wake(waiters waiting);
    stripe& of(std::string_view key) noexcept { return stripes_[std::hash<std::string_view>{}(key) % stripes_.size()]; }
    static bool valid(const flight& f) noexcept;
    static std::shared_ptr<flight> take_out(stripe& s, std::string_view key);

    std::array<stripe, 64> stripes_;
};

}  // namespace larder::detail
