// SPDX-License-Identifier: MIT
// Subscriptions are a set of names. The connection is brought in line with the set when it comes up and when the set
// changes. Each SUBSCRIBE names one channel, so that it has exactly one confirmation, which the multiplexer takes for
// its reply. `subscribed_connection` is a connection with its names, and `mailbox` holds the messages for next(). Start
// with subscriber::change() and subscribed_connection::push().
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <larder/redis/subscriber.hpp>
#include <map>
#include <set>
#include <utility>

#include "client_core.hpp"
#include "connection.hpp"
#include "sharded_subscriptions.hpp"

namespace larder::redis {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::array<std::string_view, 3> add_words{"SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE"};
constexpr std::array<std::string_view, 3> drop_words{"UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE"};

constexpr std::size_t index_of(auto k) { return static_cast<std::size_t>(k); }

/// Waits for one confirmation. `answer` is the error, if there was one.
class confirmation final : public receiver {
 public:
    explicit confirmation(const asio::any_io_executor& executor) : done{executor, steady_time::max()} {}
    void on_reply(const resp::value& r) override
    {
        if (r.is_error()) answer = detail::refusal(r);
    }
    void on_end(outcome what, error_code why) override
    {
        if (what != outcome::ok) answer = error{what, why, why.message()};
        ended = true;
        done.cancel();
    }
    std::optional<error> answer;
    bool ended = false;
    asio::steady_timer done;
};

}  // namespace

class subscriber::mailbox {
 public:
    mailbox(const asio::any_io_executor& executor, const mailbox_options& o)
        : options_{o}, filled_{executor, steady_time::max()}
    {}

    void put(message m)
    {
        bytes_ += size_of(m);
        messages_.push_back(std::move(m));
        while (messages_.size() > 1 && (messages_.size() > options_.messages || bytes_ > options_.bytes)) drop_oldest();
        filled_.cancel();
    }

    void put_message(std::string_view pattern, const resp::value& channel, const resp::value& payload)
    {
        put({.gap = false,
             .missed = 0,
             .pattern = std::string{pattern},
             .channel = std::string{channel.text()},
             .payload = std::string{payload.text()}});
    }
    void put_gap() { put({.gap = true, .missed = 0, .pattern = {}, .channel = {}, .payload = {}}); }

    asio::awaitable<message> take()
    {
        while (messages_.empty()) {
            auto filled = filled_.async_wait(asio::as_tuple(asio::deferred));
            co_await std::move(filled);
            const auto state = co_await asio::this_coro::cancellation_state;
            if (messages_.empty() && state.cancelled() != asio::cancellation_type::none)
                throw boost::system::system_error{asio::error::operation_aborted};
        }
        message m = std::move(messages_.front());
        bytes_ -= size_of(m);
        messages_.pop_front();
        m.missed = std::exchange(missed_, 0);
        co_return m;
    }

    std::uint64_t dropped() const noexcept { return dropped_; }

 private:
    static std::size_t size_of(const message& m) { return m.pattern.size() + m.channel.size() + m.payload.size(); }
    void drop_oldest()
    {
        // A gap is never dropped: the message behind it becomes the gap.
        if (messages_.front().gap)
            messages_[1] = {.gap = true, .missed = 0, .pattern = {}, .channel = {}, .payload = {}};
        bytes_ -= size_of(messages_.front());
        messages_.pop_front();
        ++missed_;
        ++dropped_;
    }

    mailbox_options options_;
    std::deque<message> messages_;
    std::size_t bytes_ = 0;
    std::uint64_t missed_ = 0;  ///< since the last take()
    std::uint64_t dropped_ = 0;
    asio::steady_timer filled_;
};

/// One connection and the names that are subscribed on it.
class subscriber::subscribed_connection : public std::enable_shared_from_this<subscribed_connection> {
 public:
    subscribed_connection(mailbox& m, const asio::any_io_executor& executor) : mailbox_{m}, executor_{executor} {}

    void open(transport& transport)
    {
        connection_ = transport.make_connection({.watch_silence = true, .subscribes = true, .slot = {}},
                                                {.on_push = [this](const resp::value& p) { return push(p); },
                                                 .on_up = [this] { renew(); },
                                                 .on_down = [this] { broken_ = true; }});
    }
    ~subscribed_connection()
    {
        if (!connection_) return;
        connection_->forget_hooks();
        if (renewal_) connection_->abandon(*renewal_);
        connection_->close();
    }

    bool exists() const noexcept { return connection_ != nullptr; }
    /// Reconnects if the node is no longer a master, because a node that has left the cluster receives no messages.
    void leave_others_than_masters_of(const transport& transport)
    {
        if (exists() && connection_->is_up() && !transport.is_master(connection_->peer())) connection_->reconnect();
    }

    asio::awaitable<reply<void>> change(kind k, bool add, std::string name, steady_time deadline)
    {
        auto& names = names_[index_of(k)];
        if (add) {
            names.insert(name);
        } else {
            names.erase(name);
        }
        const auto self = shared_from_this();
        confirmation answer{executor_};
        const request r{(add ? add_words : drop_words)[index_of(k)], name};
        const auto now = std::chrono::steady_clock::now();
        if (!connection_->submit(r.bytes(), 1, answer, deadline, now)) co_return connection_->failure();
        // The multiplexer's slot refers to `answer`, so even a cancelled caller waits until its deadline.
        while (!answer.ended) {
            auto ended = answer.done.async_wait(asio::as_tuple(asio::deferred));
            co_await std::move(ended);
        }
        if (!answer.answer) co_return reply<void>{};
        if (answer.answer->outcome == outcome::refused) names.erase(name);
        co_return *answer.answer;
    }

 private:
    bool push(const resp::value& p)
    {
        if (p.size() < 2) return false;
        const auto what = p.child(0).text();
        if (what == "message" || what == "smessage") {
            if (p.size() == 3) mailbox_.put_message({}, p.child(1), p.child(2));
        } else if (what == "pmessage") {
            if (p.size() == 4) mailbox_.put_message(p.child(1).text(), p.child(2), p.child(3));
        } else {
            // A confirmation, or the reply to PING, which RESP2 sends as an array.
            return what == "pong" || what.ends_with("subscribe");
        }
        return false;
    }

    /// After a loss all names are subscribed again. Requests of change() that are still queued subscribe a name a
    /// second time, which is harmless. The gap is reported when the last name is confirmed, because messages that are
    /// published later arrive.
    void renew()
    {
        if (!std::exchange(broken_, false)) return;
        request all;
        for (const auto k : {kind::channel, kind::pattern, kind::shard}) {
            for (const auto& name : names_[index_of(k)]) all.add(add_words[index_of(k)], name);
        }
        if (all.commands() == 0) {
            renewed_.on_end(outcome::ok, {});
            return;
        }
        const auto now = std::chrono::steady_clock::now();
        renewal_ = connection_->submit(all.bytes(), all.commands(), renewed_, steady_time::max(), now);
    }

    /// Receives the confirmations of names that were subscribed again.
    class renewed final : public receiver {
     public:
        explicit renewed(mailbox& m) : mailbox_{m} {}
        void on_reply(const resp::value&) override {}
        void on_end(outcome what, error_code) override
        {
            // Otherwise the connection was lost again, and the next one reports the gap.
            if (what == outcome::ok) mailbox_.put_gap();
        }

     private:
        mailbox& mailbox_;
    };

    mailbox& mailbox_;
    asio::any_io_executor executor_;
    std::shared_ptr<connection> connection_;
    std::array<std::set<std::string>, 3> names_;  ///< by kind
    renewed renewed_{mailbox_};
    std::optional<connection::ticket> renewal_;
    bool broken_ = false;
};

struct subscriber::state : std::enable_shared_from_this<subscriber::state> {
    state(detail::loop_client& l, const mailbox_options& o) : client{l}, box{l.executor(), o} {}
    ~state() { client.transport().watch_map(this, {}); }

    /// The connection for all channels and patterns, made at the first call. Null if the transport has no connections
    /// (REST).
    subscribed_connection* ordinary()
    {
        if (!one) {
            one = std::make_shared<subscribed_connection>(box, client.executor());
            one->open(client.transport());
            client.transport().watch_map(this, [weak = weak_from_this()] {
                if (const auto self = weak.lock()) self->one->leave_others_than_masters_of(self->client.transport());
            });
        }
        return one->exists() ? one.get() : nullptr;
    }
    sharded_subscriptions& sharded()
    {
        if (!shards) {
            sharded_subscriptions::hooks hooks{
                .on_message = [this](const resp::value& c, const resp::value& p) { box.put_message({}, c, p); },
                .on_gap = [this] { box.put_gap(); }};
            shards = std::make_shared<sharded_subscriptions>(client.executor(), client.transport(), std::move(hooks));
        }
        return *shards;
    }

    detail::loop_client& client;
    mailbox box;
    std::shared_ptr<subscribed_connection> one;
    std::shared_ptr<sharded_subscriptions> shards;  ///< only in a cluster
};

subscriber::subscriber(client& c, const mailbox_options& o)
    : state_{std::make_shared<state>(client_access::core(c).here(), o)}
{}
subscriber::~subscriber() = default;

asio::awaitable<reply<void>> subscriber::change(kind k, bool add, std::string name)
{
    const auto keep = state_;
    const auto deadline = std::chrono::steady_clock::now() + keep->client.settings().time.socket;
    if (k == kind::shard && keep->client.settings().kind == deployment::cluster) {
        auto& shards = keep->sharded();
        auto changing = add ? shards.add(std::move(name), deadline) : shards.remove(std::move(name), deadline);
        auto changed = co_await std::move(changing);
        co_return changed;
    }
    auto* const to = keep->ordinary();
    if (to == nullptr) {
        co_return error{outcome::not_sent, errc::unavailable, "subscriptions are not available over REST"};
    }
    auto done = co_await to->change(k, add, std::move(name), deadline);
    co_return done;
}

asio::awaitable<reply<void>> subscriber::subscribe(std::string c) { return change(kind::channel, true, std::move(c)); }
asio::awaitable<reply<void>> subscriber::psubscribe(std::string p) { return change(kind::pattern, true, std::move(p)); }
asio::awaitable<reply<void>> subscriber::ssubscribe(std::string c) { return change(kind::shard, true, std::move(c)); }
asio::awaitable<reply<void>> subscriber::unsubscribe(std::string c)
{
    return change(kind::channel, false, std::move(c));
}
asio::awaitable<reply<void>> subscriber::punsubscribe(std::string p)
{
    return change(kind::pattern, false, std::move(p));
}
asio::awaitable<reply<void>> subscriber::sunsubscribe(std::string c)
{
    return change(kind::shard, false, std::move(c));
}

asio::awaitable<message> subscriber::next()
{
    const auto keep = state_;
    auto m = co_await keep->box.take();
    co_return m;
}

std::uint64_t subscriber::dropped() const noexcept { return state_->box.dropped(); }

}  // namespace larder::redis
