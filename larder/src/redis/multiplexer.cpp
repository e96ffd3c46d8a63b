// SPDX-License-Identifier: MIT
// Positions count the bytes of this connection's stream. The bytes of a request are together in writing_, which is
// being sent, or in pending_, which is sent next, and are never divided between the two. A reply is accepted only for a
// request whose last byte was sent (end <= sent_). Start with submit(), to_write() and received().
#include "multiplexer.hpp"

#include <algorithm>
#include <cstring>
#include <larder/result.hpp>
#include <utility>

namespace larder::redis {
namespace {

constexpr std::size_t first_input = 16 * 1024;
constexpr std::size_t min_read = 4 * 1024;
constexpr std::size_t keep_buffer = 1024 * 1024;  // a larger buffer is freed when it is empty

void clear(std::string& buffer)
{
    if (buffer.capacity() > keep_buffer) {
        buffer = {};
    } else {
        buffer.clear();
    }
}

}  // namespace

void multiplexer::slot_queue::push(const slot& s)
{
    if (size_ == slots_.size()) {
        std::rotate(slots_.begin(), slots_.begin() + static_cast<std::ptrdiff_t>(first_), slots_.end());
        first_ = 0;
        slots_.resize(slots_.size() * 2);
    }
    (*this)[size_++] = s;
}

void multiplexer::slot_queue::pop() noexcept
{
    first_ = (first_ + 1) & (slots_.size() - 1);
    --size_;
}

multiplexer::multiplexer(const multiplexer_limits& limits, push_handler on_push)
    : limits_{limits}, on_push_{std::move(on_push)}, reader_{limits.reply}
{}

bool multiplexer::has_room(std::size_t bytes)
{
    if (slots_.size() >= limits_.requests && has_dropped_) compact();
    return slots_.size() < limits_.requests && pending_.size() + bytes <= limits_.bytes;
}

std::optional<multiplexer::ticket> multiplexer::submit(std::string_view commands, std::uint32_t replies, receiver& to,
                                                       steady_time deadline, steady_time now)
{
    if (!has_room(commands.size())) return std::nullopt;
    pending_.append(commands);
    pending_end_ += commands.size();
    slots_.push({.to = &to,
                 .end = pending_end_,
                 .size = static_cast<std::uint32_t>(commands.size()),
                 .replies = replies,
                 .deadline = deadline,
                 .submitted = now});
    return first_ticket_ + slots_.size() - 1;
}

bool multiplexer::abandon(ticket t)
{
    for (auto& e : ending_) {
        if (e.id == t) e.to = nullptr;
    }
    if (t < first_ticket_ || t - first_ticket_ >= slots_.size()) return false;
    auto& s = slots_[t - first_ticket_];
    s.to = nullptr;
    if (!is_pending(s)) return false;
    has_dropped_ = true;  // compact() removes its bytes before they are handed out
    return true;
}

bool multiplexer::withdraw(ticket t)
{
    const bool waits = t >= first_ticket_ && t - first_ticket_ < slots_.size();
    return waits && is_pending(slots_[t - first_ticket_]) && abandon(t);
}

/// Removes the bytes of abandoned requests from pending_.
void multiplexer::compact()
{
    has_dropped_ = false;
    std::size_t kept = 0;
    std::size_t read = 0;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        auto& s = slots_[i];
        if (!is_pending(s)) continue;
        std::memmove(pending_.data() + kept, pending_.data() + read, s.size);
        read += s.size;
        if (s.to == nullptr) {
            s.size = 0;
            s.replies = 0;
        }
        kept += s.size;
        s.end = pending_start_ + kept;
    }
    pending_.resize(kept);
    pending_end_ = pending_start_ + kept;
    pop_dropped();
}

void multiplexer::pop_dropped()
{
    while (!slots_.empty() && slots_.front().replies == 0) {
        slots_.pop();
        ++first_ticket_;
    }
}

std::string_view multiplexer::to_write()
{
    if (written_ == writing_.size()) {
        if (has_dropped_) compact();
        clear(writing_);
        writing_.swap(pending_);
        written_ = 0;
        pending_start_ = pending_end_;
    }
    return std::string_view{writing_}.substr(written_);
}

void multiplexer::wrote(std::size_t n)
{
    written_ += n;
    sent_ += n;
}

std::span<char> multiplexer::prepare()
{
    if (input_begin_ == input_end_) input_begin_ = input_end_ = 0;
    if (input_capacity_ > keep_buffer && input_end_ == 0) input_capacity_ = 0;
    if (input_capacity_ - input_end_ < min_read && input_begin_ > 0) {
        std::memmove(input_.get(), input_.get() + input_begin_, input_end_ - input_begin_);
        input_end_ -= input_begin_;
        input_begin_ = 0;
    }
    if (input_capacity_ - input_end_ < min_read) {
        // The buffer doubles, so a reply that announces a large size uses no memory before its bytes arrive.
        const auto capacity = std::max(first_input, input_capacity_ * 2);
        auto larger = std::make_unique_for_overwrite<char[]>(capacity);
        if (input_end_ > 0) std::memcpy(larger.get(), input_.get(), input_end_);
        input_ = std::move(larger);
        input_capacity_ = capacity;
    }
    return {input_.get() + input_end_, input_capacity_ - input_end_};
}

bool multiplexer::received(std::size_t n, steady_time now)
{
    input_end_ += n;
    received_at_ = now;
    while (input_begin_ < input_end_) {
        const std::string_view bytes{input_.get() + input_begin_, input_end_ - input_begin_};
        const auto progress = reader_.read(bytes);
        if (progress == resp::progress::incomplete) {
            note_arrival();
            return true;
        }
        if (progress == resp::progress::broken) {
            problem_ = reader_.problem();
            return false;
        }
        input_begin_ += reader_.consumed();
        if (!deliver(reader_.root(bytes))) return false;
        reader_.next();
    }
    return true;
}

/// The replies to the oldest request have arrived in part.
void multiplexer::note_arrival()
{
    if (slots_.empty() || slots_.front().to == nullptr || slots_.front().end > sent_) return;
    auto& s = slots_.front();
    if (s.to->waits_while_bytes_move()) s.deadline = std::max(s.deadline, received_at_ + limits_.stall_timeout);
}

multiplexer::send_progress multiplexer::check_send_progress(steady_time now, std::uint64_t unacknowledged)
{
    send_progress out;
    const auto left = sent_ - std::min(sent_, unacknowledged);
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        auto& s = slots_[i];
        const auto start = s.end - s.size;
        if (start >= sent_) break;
        if (s.left >= s.end) continue;
        const bool was_leaving = s.left > start;
        const bool moved = left > std::max(s.left, start);
        const bool leaves = left < s.end;
        s.left = std::max(left, start);
        out.under_way = out.under_way || leaves;
        // A request that left as a whole between submission and this call waits only for the server, so its deadline
        // stays.
        if (!moved || !(leaves || was_leaving)) continue;
        out.moved = true;
        if (s.to != nullptr && s.to->waits_while_bytes_move())
            s.deadline = std::max(s.deadline, now + limits_.stall_timeout);
    }
    return out;
}

bool multiplexer::deliver(const resp::value& reply)
{
    const bool is_push = reply.type() == resp::kind::push || (arrays_are_pushes_ && reply.type() == resp::kind::array);
    if (is_push && !on_push_(reply)) return true;
    if (slots_.empty() || slots_.front().end > sent_) {
        problem_ = "a reply that no request waits for";
        return false;
    }
    const auto t = first_ticket_;
    if (auto* to = slots_.front().to) to->on_reply(reply);
    auto& s = slots_[t - first_ticket_];  // the receiver may have queued more requests
    if (--s.replies > 0) {
        note_arrival();
        return true;
    }
    auto* to = s.to;
    slots_.pop();
    ++first_ticket_;
    pop_dropped();
    if (to == nullptr) return true;
    ++answered_;
    to->on_end(outcome::ok, {});
    return true;
}

steady_time multiplexer::expire(steady_time now, const expiry_handler& on_expired)
{
    auto next = steady_time::max();
    const auto end = first_ticket_ + slots_.size();
    for (auto t = first_ticket_; t < end; ++t) {
        if (t < first_ticket_) continue;
        auto& s = slots_[t - first_ticket_];
        auto* to = s.to;
        if (to == nullptr) continue;
        if (s.deadline > now) {
            next = std::min(next, s.deadline);
            continue;
        }
        if (on_expired) on_expired(s.submitted, s.deadline);
        const bool unsent = abandon(t);
        to->on_end(unsent ? outcome::not_sent : outcome::unknown, errc::timed_out);
    }
    if (has_dropped_) compact();
    return next;
}

void multiplexer::lost(boost::system::error_code why)
{
    while (!slots_.empty() && (slots_.front().replies == 0 || slots_.front().end - slots_.front().size < sent_)) {
        if (auto* to = slots_.front().to) ending_.push_back({first_ticket_, to, outcome::unknown, why});
        slots_.pop();
        ++first_ticket_;
    }
    // Requests that were about to be written go first on the next connection.
    const auto unsent =
        slots_.empty() ? pending_start_ : std::min(pending_start_, slots_.front().end - slots_.front().size);
    const auto writing_start = pending_start_ - writing_.size();
    pending_.insert(0, writing_, unsent - writing_start);
    clear(writing_);
    written_ = 0;
    sent_ = 0;
    pending_start_ = 0;
    pending_end_ = 0;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        slots_[i].end = pending_end_ += slots_[i].size;
        slots_[i].left = 0;
        has_dropped_ = has_dropped_ || slots_[i].to == nullptr;
    }
    input_begin_ = input_end_ = 0;
    reader_.next();
    problem_ = "";
    report_ends();
}

/// A receiver may abandon another request whose end was not reported yet, or end further requests.
void multiplexer::report_ends()
{
    while (!ending_.empty()) {
        const auto e = ending_.front();
        ending_.pop_front();
        if (e.to != nullptr) e.to->on_end(e.what, e.why);
    }
}

void multiplexer::drop_unsent(boost::system::error_code why)
{
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        if (!is_pending(slots_[i])) continue;
        if (auto* to = std::exchange(slots_[i].to, nullptr))
            ending_.push_back({first_ticket_ + i, to, outcome::not_sent, why});
    }
    has_dropped_ = true;
    compact();
    report_ends();
}

void multiplexer::close(boost::system::error_code why)
{
    lost(why);
    drop_unsent(why);
}

}  // namespace larder::redis
