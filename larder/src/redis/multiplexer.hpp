// SPDX-License-Identifier: MIT
// Which reply belongs to which request: the heart of the Redis client, and the reason why it cannot be desynchronised.
// A pure state machine: bytes in, bytes out, time as an argument; connection.cpp is the shell that owns the socket.
//
// Requests leave in the order of submit() and their replies come back in it. A slot is given up only when its replies
// have been read or the connection is gone; who cancels merely leaves the slot, which swallows what comes. A reply that
// no sent request waits for, and bytes that are no RESP, end the connection.
// Not thread-safe; a receiver may call submit() and abandon() from within its calls.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <larder/clock.hpp>
#include <larder/redis/receiver.hpp>
#include <larder/resp.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace larder::redis {

struct multiplexer_limits {
    std::size_t requests = 10'000;              ///< slots, abandoned ones included; submit() refuses more
    std::size_t bytes = std::size_t{64} << 20;  ///< not yet given to the socket
    resp::limits reply{};
    steady_time::duration patience{};  ///< how long nothing may move of what a receiver waits for, if it is patient
};

class multiplexer {
 public:
    using ticket = std::uint64_t;

    /// Gets every push, at its place between the replies. True: it is the reply that the oldest request waits for, as
    /// the confirmation of a SUBSCRIBE is.
    using push_handler = std::function<bool(const resp::value&)>;
    multiplexer(const multiplexer_limits& limits, push_handler on_push);
    /// A RESP2 connection in subscribed mode: arrays take the place of pushes.
    void arrays_are_pushes(bool yes) noexcept { arrays_are_pushes_ = yes; }

    /// Queues encoded commands with as many replies. nullopt: the queue is full, and nothing was taken.
    std::optional<ticket> submit(std::string_view commands, std::uint32_t replies, receiver& to, steady_time deadline,
                                 steady_time now = {});

    /// The receiver is called no more. True: its bytes had not been given out, and never will be.
    bool abandon(ticket t);

    /// Takes a request back, without a word to its receiver, if no byte of it was given out.
    bool withdraw(ticket t);

    /// The bytes to send now; empty when there are none. They stay in place until all are wrote().
    std::string_view to_write();
    void wrote(std::size_t n);

    /// Room for what the socket brings; then received() takes the first n bytes of it and gives the replies out.
    /// False: the stream makes no sense, problem() says why, and the connection must be closed.
    std::span<char> prepare();
    bool received(std::size_t n, steady_time now = {});
    const char* problem() const noexcept { return problem_; }

    /// For each request whose deadline has passed.
    using expiry_handler = std::function<void(steady_time submitted, steady_time deadline)>;
    /// Ends the requests whose deadline has passed; `on_expired` is called before each of them. Their slots stay if
    /// their bytes were given out. Returns the earliest deadline that is left, or the end of time.
    steady_time expire(steady_time now, const expiry_handler& on_expired = nullptr);

    /// Large requests take their time. `unacknowledged`: bytes that the socket has taken and the peer has not. Moves
    /// the deadlines of patient receivers whose request has gone on leaving since the last look.
    struct departure {
        bool under_way = false;  ///< something has begun to leave and has not left: look again soon
        bool moved = false;
    };
    departure look_at_departures(steady_time now, std::uint64_t unacknowledged);

    /// Requests that wait, abandoned ones included.
    std::size_t size() const noexcept { return slots_.size(); }

    /// Whether something was sent whose reply has not come in full.
    bool awaits_reply() noexcept { return !slots_.empty() && slots_.front().end - slots_.front().size < sent_; }
    /// Counts requests since the beginning that were answered to their receiver.
    std::uint64_t answered() const noexcept { return answered_; }

    /// The connection is gone: ends what was sent, in part or whole, as unknown. What was not stays for the next one.
    void lost(boost::system::error_code why);
    /// Ends what no byte of was given out.
    void drop_unsent(boost::system::error_code why);
    /// Ends everything that waits.
    void close(boost::system::error_code why);

 private:
    struct slot {
        receiver* to = nullptr;     ///< null: abandoned
        std::uint64_t end = 0;      ///< position in the stream behind its last byte
        std::uint32_t size = 0;     ///< bytes
        std::uint32_t replies = 0;  ///< still to come; 0: dropped before it was given out
        std::uint64_t left = 0;     ///< position up to which the peer has it, as far as was looked at
        steady_time deadline{};
        steady_time submitted{};
    };

    /// A queue on one piece of memory that is kept.
    class slot_queue {
     public:
        bool empty() const noexcept { return size_ == 0; }
        std::size_t size() const noexcept { return size_; }
        slot& operator[](std::size_t i) noexcept { return slots_[(first_ + i) & (slots_.size() - 1)]; }
        slot& front() noexcept { return slots_[first_]; }
        void push(const slot& s);
        void pop() noexcept;

     private:
        std::vector<slot> slots_ = std::vector<slot>(64);  // a power of two
        std::size_t first_ = 0;
        std::size_t size_ = 0;
    };

    bool is_pending(const slot& s) const noexcept { return s.end - s.size >= pending_start_; }
    bool deliver(const resp::value& reply);
    void note_arrival();
    void compact();
    void tell_ends();
    void pop_dropped();

    multiplexer_limits limits_;
    push_handler on_push_;
    slot_queue slots_;
    ticket first_ticket_ = 0;

    struct ending {
        ticket id;
        receiver* to;
        outcome what;
        boost::system::error_code why;
    };
    std::deque<ending> ending_;  ///< who is yet to be told

    // The stream of this connection: [..., sent_) is out, [..., pending_start_) in writing_, the rest in pending_.
    std::string writing_;
    std::string pending_;
    std::size_t written_ = 0;  ///< of writing_
    std::uint64_t sent_ = 0;
    std::uint64_t pending_start_ = 0;
    std::uint64_t pending_end_ = 0;
    bool has_dropped_ = false;
    bool arrays_are_pushes_ = false;
    std::uint64_t answered_ = 0;
    steady_time heard_{};  ///< when the bytes that are being read arrived

    resp::reader reader_;
    std::unique_ptr<char[]> input_;
    std::size_t input_capacity_ = 0;
    std::size_t input_begin_ = 0;
    std::size_t input_end_ = 0;
    const char* problem_ = "";
};

}  // namespace larder::redis
