// SPDX-License-Identifier: MIT
// One call of the client, with its retries. start() hands the request to the transport, on_reply() and on_end() receive
// the result, end() resumes the caller's coroutine, and next_try() decides about a retry. A request is sent again if
// all its replies were temporary refusals, or if the connection was lost and it is idempotent; each retry needs time
// before the deadline and one unit of the loop's retry budget. If the server does not know a script, its text is sent
// once; that does not use the budget.
#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <cstring>
#include <larder/redis/operation.hpp>
#include <random>

#include "arguments.hpp"
#include "keys.hpp"
#include "loop_client.hpp"

namespace larder::redis::detail {

namespace asio = boost::asio;

namespace {

constexpr unsigned max_tries = 12;
constexpr std::chrono::milliseconds first_pause{10};
constexpr std::chrono::milliseconds longest_pause{200};

/// Temporary refusals: the server loads its data, runs a script, is between two masters, or moves slots.
constexpr std::array<std::string_view, 5> temporary{"LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN"};

std::chrono::milliseconds jittered(std::chrono::milliseconds ceiling)
{
    thread_local std::minstd_rand random{std::random_device{}()};
    return std::chrono::milliseconds{std::uniform_int_distribution<std::int64_t>{1, ceiling.count()}(random)};
}

}  // namespace

operation::operation(loop_client& l, request& what, const exec_options& o)
    : client_{&l}, what_{&what}, started_{l.transport().loop_time()}
{
    const auto& time = l.settings().time;
    uses_default_timeout_ = o.timeout.count() <= 0;
    if (o.timeout.count() > 0) {
        deadline_ = started_ + o.timeout;
    } else {
        deadline_ = what.is_blocking() ? steady_time::max() : started_ + time.socket;
    }
}

void operation::start()
{
    within_ = true;
    ended_ = false;
    client_->earn();
    if (const auto name = what_->connection_bound(); !name.empty()) {
        end({outcome::not_sent, errc::refused,
             std::string{name} + " is not allowed on a shared connection: " + std::string{what_->instead()}});
    } else if (what_->commands() == 0) {
        end({outcome::not_sent, errc::refused, "the request has no command"});
    } else {
        client_->transport().start(*this);
    }
    within_ = false;
}

void operation::cancel()
{
    cancelled_ = true;
    if (ended_) return;
    within_ = true;
    const auto unsent = client_->transport().cancel(*this);
    if (unsent) end({*unsent ? outcome::not_sent : outcome::unknown, asio::error::operation_aborted, "cancelled"});
    within_ = false;
}

void operation::on_reply(const resp::value& reply)
{
    if (reply.is_error()) note_refusal(reply.text());
    take(index_++, reply);
}

void operation::note_refusal(std::string_view text)
{
    refused_ = true;
    const auto prefix = text.substr(0, text.find(' '));
    if (std::ranges::find(temporary, prefix) != temporary.end()) {
        ++temporary_refusals_;
    } else if (prefix == "READONLY") {
        if (client_->transport().lost_master() || tries_ == 0) ++temporary_refusals_;
    } else if (prefix == "EXECABORT" && temporary_refusals_ > 0) {
        temporary_refusals_ = index_ + 1;
    } else if (prefix == "MOVED" || prefix == "ASK") {
        if (client_->transport().redirected(text)) ++temporary_refusals_;
    } else if (prefix == "NOSCRIPT") {
        script_unknown_ = true;
    }
}

void operation::on_end(outcome what, boost::system::error_code why)
{
    if (ended_) return;
    if (what == outcome::ok) {
        end({outcome::ok, {}, {}});
    } else {
        end({what, why, client_->transport().explain(why)});
    }
}

void operation::end(error e)
{
    ended_ = true;
    if (const auto& report = client_->on_command()) {
        const auto what = e.outcome == outcome::ok && refused_ ? outcome::refused : e.outcome;
        report({command_name(*what_), first_key(*what_), what_->commands(), what,
                std::chrono::steady_clock::now() - started_});
    }
    if (e.outcome != outcome::ok) failure_ = std::move(e);
    if (within_) {
        asio::post(client_->executor(), [this] { resume(); });
    } else {
        resume();
    }
}

void operation::resume()
{
    if (slot_.is_connected()) slot_.clear();
    waiting_.resume(client_->executor());
}

bool operation::may_try_again()
{
    if (cancelled_ || tries_ >= max_tries) return false;
    if (!failure_) return temporary_refusals_ > 0 && temporary_refusals_ >= index_;
    // After a time-out there is no time left. After closing or cancelling, a retry is not wanted.
    const bool lost = failure_->code != errc::timed_out && failure_->code != errc::closed;
    return failure_->outcome == outcome::unknown && lost && what_->is_idempotent();
}

std::optional<std::chrono::milliseconds> operation::next_try()
{
    if (!failure_ && !refused_) return std::nullopt;
    std::chrono::milliseconds pause{0};
    if (script_unknown_ && !failure_ && what_->use_script_text()) {
        script_unknown_ = false;
    } else {
        if (!may_try_again() || !client_->spend()) return std::nullopt;
        if (!failure_) pause = jittered(std::min(longest_pause, first_pause * (1U << std::min(tries_, 10U))));
        if (deadline_ != steady_time::max() && std::chrono::steady_clock::now() + pause >= deadline_)
            return std::nullopt;
    }
    ++tries_;
    failure_.reset();
    refused_ = false;
    index_ = 0;
    temporary_refusals_ = 0;
    restart();
    return pause;
}

void into_buffer::take(std::uint32_t, const resp::value& r)
{
    if (r.is_error()) {
        refusal_ = r.text();
        return;
    }
    state_ = state::text;
    if (r.is_null()) {
        state_ = state::null;
    } else if (r.is_aggregate()) {
        state_ = state::no_text;
    } else if (r.text().size() > to_.size()) {
        state_ = state::too_long;
    } else {
        size_ = r.text().size();
        if (size_ > 0) std::memcpy(to_.data(), r.text().data(), size_);
    }
}

reply<std::optional<std::span<char>>> into_buffer::result()
{
    using found = std::optional<std::span<char>>;
    if (failure()) return take_failure();
    if (!refusal_.empty()) return error{outcome::refused, errc::refused, std::move(refusal_)};
    switch (state_) {
        case state::text:
            return found{to_.first(size_)};
        case state::null:
            return found{};
        case state::too_long:
            return error{outcome::ok, errc::overloaded, "the value is longer than the buffer"};
        case state::no_text:
            break;
    }
    return wrong_type();
}

}  // namespace larder::redis::detail
