// SPDX-License-Identifier: MIT
// Matches replies to requests: the core of the Redis client, and the reason why a connection cannot get out of step. A
// pure state machine: bytes in, bytes out, time as an argument. connection.cpp is the shell that owns the socket.
//
// Requests are sent in the order of submit(), and their replies arrive in that order. A slot is released only when its
// replies have been read or the connection is gone; a cancelled request keeps its slot, which discards the replies. A
// reply that no sent request waits for, and bytes that are not RESP, end the connection.
// Not thread-safe. A receiver may call submit() and abandon() while it is being called.
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
    std::size_t bytes = std::size_t{64} << 20;  ///< queued and not yet handed out for writing
    resp::limits reply{};
    /// For receivers that wait while bytes move: how long nothing may move before they time out.
    steady_time::duration stall_timeout{};
};

class multiplexer {
 public:
    using ticket = std::uint64_t;

    /// Called with every push, in order with the replies. True: the push is the reply that the oldest request waits
    /// for, as the confirmation of a SUBSCRIBE is.
    using push_handler = std::function<bool(const resp::value&)>;
    multiplexer(const multiplexer_limits& limits, push_handler on_push);
    /// For a RESP2 connection in subscribed mode, on which arrays take the place of pushes.
    void arrays_are_pushes(bool yes) noexcept { arrays_are_pushes_ = yes; }

    /// Whether submit() accepts a request of this size.
    bool has_room(std::size_t bytes);
    /// Queues encoded commands that get `replies` replies. nullopt: the queue is full, and nothing was queued.
    std::optional<ticket> submit(std::string_view commands, std::uint32_t replies, receiver& to, steady_time deadline,
                                 steady_time now = {});

    /// The receiver is not called any more. True: its bytes were not handed out for writing, and never will be.
    bool abandon(ticket t);

    /// Removes a request without calling its receiver, if no byte of it was handed out for writing. Returns whether it
    /// did.
    bool withdraw(ticket t);

    /// The bytes to send now; empty if there are none. They stay in place until wrote() has counted them all.
    std::string_view to_write();
    void wrote(std::size_t n);

    /// prepare() returns room for bytes from the socket. received() then reads the first n bytes there and delivers the
    /// replies. False: the stream is malformed, problem() says why, and the connection must be closed.
    std::span<char> prepare();
    bool received(std::size_t n, steady_time now = {});
    const char* problem() const noexcept { return problem_; }

    /// Called for each request whose deadline has passed.
    using expiry_handler = std::function<void(steady_time submitted, steady_time deadline)>;
    /// Ends the requests whose deadline has passed, and calls `on_expired` before each of them. A request whose bytes
    /// were handed out keeps its slot. Returns the earliest deadline that is left, or steady_time::max().
    steady_time expire(steady_time now, const expiry_handler& on_expired = nullptr);

    /// Large requests take time to leave. `unacknowledged` is the number of bytes that the socket has accepted and the
    /// peer has not acknowledged. Extends the deadlines of receivers that wait while bytes move, if bytes of their
    /// request have left since the last call.
    struct send_progress {
        bool under_way = false;  ///< a request has left only in part: check again soon
        bool moved = false;
    };
    send_progress check_send_progress(steady_time now, std::uint64_t unacknowledged);

    /// The number of requests in the queue, abandoned ones included.
    std::size_t size() const noexcept { return slots_.size(); }

    /// Whether a request was sent, at least in part, whose replies have not all arrived.
    bool awaits_reply() noexcept { return !slots_.empty() && slots_.front().end - slots_.front().size < sent_; }
    /// The number of requests, since the beginning, whose receiver got all replies.
    std::uint64_t answered() const noexcept { return answered_; }

    /// The connection is gone. Requests that were sent, in part or whole, end as unknown; the others stay for the next
    /// one.
    void lost(boost::system::error_code why);
    /// Ends the requests of which no byte was handed out for writing.
    void drop_unsent(boost::system::error_code why);
    /// Ends all requests.
    void close(boost::system::error_code why);

 private:
    struct slot {
        receiver* to = nullptr;     ///< null: abandoned
        std::uint64_t end = 0;      ///< position in the stream after its last byte
        std::uint32_t size = 0;     ///< bytes
        std::uint32_t replies = 0;  ///< not yet arrived; 0: dropped before it was handed out
        std::uint64_t left = 0;     ///< position up to which the peer had it at the last check
        steady_time deadline{};
        steady_time submitted{};
    };

    /// A ring buffer that keeps its memory.
    class slot_queue {
     public:
        bool empty() const noexcept { return size_ == 0; }
        std::size_t size() const noexcept { return size_; }
        slot& operator[](std::size_t i) noexcept { return slots_[(first_ + i) & (slots_.size() - 1)]; }
        slot& front() noexcept { return slots_[first_]; }
        void push(const slot& s);
        void pop() noexcept;

     private:
        std::vector<slot> slots_ = std::vector<slot>(64);  // the size is a power of two
        std::size_t first_ = 0;
        std::size_t size_ = 0;
    };

    bool is_pending(const slot& s) const noexcept { return s.end - s.size >= pending_start_; }
    bool deliver(const resp::value& reply);
    void note_arrival();
    void compact();
    void report_ends();
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
    std::deque<ending> ending_;  ///< receivers whose on_end() is still to be called

    // The stream of this connection: [..., sent_) has left, [..., pending_start_) is in writing_, the rest is in
    // pending_.
    std::string writing_;
    std::string pending_;
    std::size_t written_ = 0;  ///< bytes of writing_ that have left
    std::uint64_t sent_ = 0;
    std::uint64_t pending_start_ = 0;
    std::uint64_t pending_end_ = 0;
    bool has_dropped_ = false;
    bool arrays_are_pushes_ = false;
    std::uint64_t answered_ = 0;
    steady_time received_at_{};  ///< when the bytes that are being read arrived

    resp::reader reader_;
    std::unique_ptr<char[]> input_;
    std::size_t input_capacity_ = 0;
    std::size_t input_begin_ = 0;
    std::size_t input_end_ = 0;
    const char* problem_ = "";
};

}  // namespace larder::redis
