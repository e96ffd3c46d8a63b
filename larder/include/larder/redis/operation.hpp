// SPDX-License-Identifier: MIT
// The state of one request while client::exec() waits for it. It lives in the coroutine frame and does not allocate. An
// implementation detail of client.hpp. `operation` sends a request and decides about retries: async_try() starts an
// attempt, and next_try() says whether another one follows. Its subclasses convert the replies: single, several, each,
// visiting and into_buffer. An operation must not be resumed from within its own start() or cancel() (see within_).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <chrono>
#include <cstddef>
#include <larder/capped.hpp>
#include <larder/clock.hpp>
#include <larder/redis/decode.hpp>
#include <larder/redis/receiver.hpp>
#include <larder/redis/request.hpp>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace larder::redis {

/// The options of one call. Trivially destructible, so it is safe as a default argument in a co_await expression.
struct exec_options {
    capped_milliseconds timeout{0};  ///< counted from the call; 0: the client's socket time-out
};
static_assert(std::is_trivially_destructible_v<exec_options>);

namespace detail {

/// Holds one waiting completion handler of any type, without allocating.
class waiting_handler {
 public:
    waiting_handler() = default;
    waiting_handler(const waiting_handler&) = delete;
    waiting_handler& operator=(const waiting_handler&) = delete;
    ~waiting_handler()
    {
        if (held_ != nullptr) held_->~holder();
    }

    template <class Handler>
    void hold(Handler&& h)
    {
        using type = typed<std::decay_t<Handler>>;
        static_assert(sizeof(type) <= sizeof storage_ && alignof(type) <= alignof(std::max_align_t));
        held_ = new (storage_) type{std::forward<Handler>(h)};
    }
    bool holds() const noexcept { return held_ != nullptr; }
    /// Calls the handler on its executor, directly if that is `here`. This object may be destroyed afterwards.
    void resume(const boost::asio::any_io_executor& here) { std::exchange(held_, nullptr)->resume(here); }

 private:
    class holder {
     public:
        virtual ~holder() = default;
        virtual void resume(const boost::asio::any_io_executor& here) = 0;
    };
    template <class Handler>
    class typed final : public holder {
     public:
        explicit typed(Handler h) : handler_{std::move(h)} {}
        void resume(const boost::asio::any_io_executor& here) override
        {
            auto h = std::move(handler_);
            this->~typed();
            const boost::asio::any_io_executor executor = boost::asio::get_associated_executor(h);
            if (executor == here) {
                std::move(h)();
            } else {
                boost::asio::dispatch(executor, std::move(h));
            }
        }

     private:
        Handler handler_;
    };

    alignas(std::max_align_t) std::byte storage_[64];
    holder* held_ = nullptr;
};

class loop_client;  // the part of the client that belongs to one event loop

/// One request, from the first attempt to its end. Subclasses convert the replies to values.
class operation : public receiver {
 public:
    operation(loop_client& l, request& what, const exec_options& o);
    operation(const operation&) = delete;
    operation& operator=(const operation&) = delete;

    /// Sends the request and waits until all replies have arrived or the attempt has failed.
    template <class Token>
    auto async_try(Token&& token)
    {
        return boost::asio::async_initiate<Token, void()>(
            [this](auto handler) {
                slot_ = boost::asio::get_associated_cancellation_slot(handler);
                waiting_.hold(std::move(handler));
                if (slot_.is_connected()) slot_.assign([this](boost::asio::cancellation_type) { cancel(); });
                start();
            },
            token);
    }

    /// After async_try(): returns the pause before the next attempt; nullopt if there is none.
    std::optional<std::chrono::milliseconds> next_try();

    const request& what() const noexcept { return *what_; }
    steady_time started() const noexcept { return started_; }
    steady_time deadline() const noexcept { return deadline_; }
    /// Set if the last attempt did not get all replies.
    const std::optional<error>& failure() const noexcept { return failure_; }

    void on_reply(const resp::value& reply) final;
    void on_end(outcome what, boost::system::error_code why) final;
    bool waits_while_bytes_move() const noexcept final { return uses_default_timeout_; }
    /// Like on_end(), with an error that may contain the server's message.
    void end(error e);

    // Used by the transport to find the request in its queues.
    void* place = nullptr;
    std::uint64_t ticket = 0;

 protected:
    ~operation() = default;
    /// Receives one reply, which may be an error.
    virtual void take(std::uint32_t index, const resp::value& reply) = 0;
    /// Discards the replies received so far, because a new attempt begins.
    virtual void restart() = 0;

    error take_failure() { return *std::move(failure_); }

 private:
    void start();
    void cancel();
    void resume();
    void note_refusal(std::string_view text);
    bool may_try_again();

    loop_client* client_;
    request* what_;
    steady_time started_;
    steady_time deadline_;
    std::optional<error> failure_;
    std::uint32_t index_ = 0;
    std::uint32_t temporary_refusals_ = 0;  ///< error replies that say "try again later"
    unsigned tries_ = 0;
    bool uses_default_timeout_ = false;  ///< no deadline from the caller; the client's time-out applies
    bool refused_ = false;
    bool script_unknown_ = false;
    bool within_ = false;  ///< inside start() or cancel(), where the coroutine must not be resumed
    bool ended_ = false;   ///< the current attempt has ended
    bool cancelled_ = false;
    boost::asio::cancellation_slot slot_;
    waiting_handler waiting_;
};

/// One command whose reply is a T.
template <class T>
class single final : public operation {
 public:
    using operation::operation;
    reply<T> result()
    {
        if (failure()) return take_failure();
        return *std::move(value_);
    }

 private:
    void take(std::uint32_t, const resp::value& r) override { value_.emplace(to_reply<T>(r)); }
    void restart() override { value_.reset(); }
    std::optional<reply<T>> value_;
};

/// Any number of commands. The caller's function object gets each reply as a view: f(index, value).
template <class F>
class visiting final : public operation {
 public:
    visiting(loop_client& l, request& what, const exec_options& o, F* f) : operation{l, what, o}, f_{*f} {}
    reply<void> result()
    {
        if (failure()) return take_failure();
        return {};
    }

 private:
    void take(std::uint32_t index, const resp::value& r) override { f_(index, r); }
    void restart() override {}
    F& f_;
};

/// One reply per type in Ts, each with its own outcome. If Transaction is true, they are the elements of EXEC's reply.
template <bool Transaction, class... Ts>
class several final : public operation {
 public:
    using operation::operation;
    using values = std::tuple<reply<Ts>...>;

    reply<values> result()
    {
        // in_place_error is needed because a tuple of one reply could also be constructed from an error.
        if (failure()) return reply<values>{boost::system::in_place_error, take_failure()};
        if (refusal_) return reply<values>{boost::system::in_place_error, *std::move(refusal_)};
        return std::apply([](auto&... v) { return values{*std::move(v)...}; }, values_);
    }

 private:
    void take(std::uint32_t index, const resp::value& r) override
    {
        if constexpr (!Transaction) {
            put(index, r, std::index_sequence_for<Ts...>{});
        } else if (r.is_error()) {
            if (!refusal_) refusal_ = refusal(r);  // the first error is the reason for EXECABORT
        } else if (index == sizeof...(Ts) + 1) {
            take_exec(r);
        }
    }
    void take_exec(const resp::value& r)
    {
        if (!r.is_aggregate() || r.size() != sizeof...(Ts)) {
            refusal_ = error{outcome::refused, errc::refused, "EXECABORT the transaction was not done"};
            return;
        }
        std::uint32_t i = 0;
        for (const auto& part : r) put(i++, part, std::index_sequence_for<Ts...>{});
    }
    void restart() override
    {
        values_ = {};
        refusal_.reset();
    }
    template <std::size_t... I>
    void put(std::uint32_t index, const resp::value& r, std::index_sequence<I...>)
    {
        ((I == index ? static_cast<void>(std::get<I>(values_).emplace(to_reply<Ts>(r))) : void()), ...);
    }
    std::tuple<std::optional<reply<Ts>>...> values_;
    std::optional<error> refusal_;
};

/// Any number of commands whose replies have the same type.
template <class T>
class each final : public operation {
 public:
    using operation::operation;
    reply<std::vector<reply<T>>> result()
    {
        if (failure()) return take_failure();
        return std::move(values_);
    }

 private:
    void take(std::uint32_t, const resp::value& r) override { values_.push_back(to_reply<T>(r)); }
    void restart() override { values_.clear(); }
    std::vector<reply<T>> values_;
};

/// One command whose reply is copied into the caller's memory.
class into_buffer final : public operation {
 public:
    into_buffer(loop_client& l, request& what, const exec_options& o, std::span<char> to)
        : operation{l, what, o}, to_{to}
    {}
    reply<std::optional<std::span<char>>> result();

 private:
    void take(std::uint32_t, const resp::value& r) override;
    void restart() override {}
    std::span<char> to_;
    std::size_t size_ = 0;
    enum class state : unsigned char { text, null, too_long, no_text } state_ = state::null;
    std::string refusal_;
};

}  // namespace detail
}  // namespace larder::redis
