// SPDX-License-Identifier: MIT
// reconcile() brings the nodes in line with the slot map: it assigns each channel to the node that owns its slot,
// subscribes the channels that have moved, and drops nodes that are not used any more. Because it drops nodes, it is
// never called from within their callbacks; reconcile_soon() and reconcile_later() schedule it instead. Start with
// add() and reconcile().
#include "sharded_subscriptions.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <set>
#include <utility>

#include "keys.hpp"

namespace larder::redis {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::chrono::milliseconds first_retry_pause{10};
constexpr std::chrono::milliseconds longest_retry_pause{500};

/// Refusals that another attempt may not meet, perhaps because it goes to another node.
bool is_temporary(std::string_view refusal)
{
    constexpr std::array<std::string_view, 8> words{"MOVED",   "ASK",        "CLUSTERDOWN", "TRYAGAIN",
                                                    "LOADING", "MASTERDOWN", "BUSY",        "READONLY"};
    return std::ranges::find(words, refusal.substr(0, refusal.find(' '))) != words.end();
}

}  // namespace

struct sharded_subscriptions::node {
    address where;
    std::shared_ptr<redis::connection> connection;
    std::list<subscription_request> requests;
    std::multiset<std::string> dropping;  ///< names whose SUNSUBSCRIBE has no reply yet
    bool broken = false;
    ~node();
};

/// SSUBSCRIBE or SUNSUBSCRIBE for some channels, with one command per channel.
class sharded_subscriptions::subscription_request final : public receiver {
 public:
    subscription_request(sharded_subscriptions& home, node& n, std::vector<std::string> names,
                         std::shared_ptr<bool> ended)
        : home_{home}, node_{n}, names_{std::move(names)}, ended_{std::move(ended)}
    {}
    void on_reply(const resp::value& reply) override
    {
        const auto& name = names_[answered_++];
        if (!ended_) {
            home_.answered(node_, name, reply);
        } else if (reply.is_error()) {
            // The confirmation is a push, and push() removes the name. A node that does not own the slot sends an error
            // instead.
            if (const auto d = node_.dropping.find(name); d != node_.dropping.end()) node_.dropping.erase(d);
        }
    }
    void on_end(outcome what, error_code) override
    {
        if (ended_) *ended_ = true;
        if (what == outcome::ok && gap) home_.hooks_.on_gap();
        home_.notify();
        node_.requests.remove_if([this](const subscription_request& r) { return &r == this; });  // destroys this object
    }

    connection::ticket ticket = 0;
    bool gap = false;

 private:
    sharded_subscriptions& home_;
    node& node_;
    std::vector<std::string> names_;
    std::shared_ptr<bool> ended_;  ///< null for SSUBSCRIBE
    std::size_t answered_ = 0;
};

sharded_subscriptions::node::~node()
{
    connection->forget_hooks();
    for (const auto& r : requests) connection->abandon(r.ticket);
    connection->close();
}

sharded_subscriptions::sharded_subscriptions(asio::any_io_executor executor, transport& transport, hooks h)
    : executor_{std::move(executor)},
      transport_{transport},
      hooks_{std::move(h)},
      again_{executor_},
      pause_{first_retry_pause, longest_retry_pause}
{}
sharded_subscriptions::~sharded_subscriptions() { transport_.watch_map(this, {}); }

asio::awaitable<reply<void>> sharded_subscriptions::add(std::string name, steady_time deadline)
{
    const auto keep = shared_from_this();
    if (channels_.empty()) watch();
    channels_[name].refused.reset();
    reconcile();
    for (;;) {
        const auto c = channels_.find(name);
        if (c == channels_.end() || c->second.confirmed) co_return reply<void>{};
        if (c->second.refused) {
            auto refusal = *std::move(c->second.refused);
            channels_.erase(c);
            reconcile_soon();
            co_return refusal;
        }
        if (now() >= deadline) {
            const auto* n = c->second.at;
            const bool has_reason = n != nullptr && !n->connection->failure().message.empty();
            co_return error{outcome::unknown, errc::timed_out,
                            has_reason ? n->connection->failure().message : transport_.explain(errc::timed_out)};
        }
        co_await wait_for_change(deadline);
    }
}

asio::awaitable<reply<void>> sharded_subscriptions::remove(std::string name, steady_time deadline)
{
    const auto keep = shared_from_this();
    const auto c = channels_.find(name);
    if (c == channels_.end()) co_return reply<void>{};
    auto* const n = c->second.at;
    channels_.erase(c);
    // A connection that is down has no subscriptions, and this one will not be renewed.
    if (n != nullptr && n->connection->is_up()) {
        const auto ended = std::make_shared<bool>(false);
        if (send(*n, "SUNSUBSCRIBE", {name}, ended)) {
            n->dropping.insert(name);
            while (!*ended && now() < deadline) co_await wait_for_change(deadline);
        }
    }
    reconcile();
    co_return reply<void>{};
}

void sharded_subscriptions::watch()
{
    transport_.watch_map(this, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->reconcile();
    });
}

void sharded_subscriptions::reconcile()
{
    std::map<node*, std::vector<std::string>> moved;
    std::set<const node*> used;
    for (auto& [name, c] : channels_) {
        if (!c.backing_off && !c.refused) {
            const auto where = transport_.owner_address(key_slot(name));
            if (where && (c.at == nullptr || c.at->where != *where)) {
                c.at = &node_at(*where);
                c.confirmed = false;
                moved[c.at].push_back(name);
            }
        }
        used.insert(c.at);
    }
    for (auto& [n, names] : moved) send(*n, "SSUBSCRIBE", std::move(names));
    std::erase_if(nodes_, [&](const auto& n) { return !used.contains(n.second.get()); });
}

sharded_subscriptions::node& sharded_subscriptions::node_at(const address& a)
{
    auto& n = nodes_[a.text()];
    if (!n) {
        n = std::make_unique<node>();
        n->where = a;
        auto& made = *n;
        n->connection =
            transport_.make_connection({.watch_silence = true, .subscribes = true, .slot = {}, .node = &a},
                                       {.on_push = [this, &made](const resp::value& p) { return push(made, p); },
                                        .on_up = [this, &made] { renew(made); },
                                        .on_down =
                                            [&made] {
                                                made.broken = true;
                                                made.dropping.clear();
                                            }});
    }
    return *n;
}

/// `ended` is given for SUNSUBSCRIBE and becomes true with the last reply. False: the connection did not accept the
/// request.
bool sharded_subscriptions::send(node& n, std::string_view verb, std::vector<std::string> names,
                                 std::shared_ptr<bool> ended)
{
    request all;
    for (const auto& name : names) all.add(verb, name);
    auto& sent = n.requests.emplace_back(*this, n, names, ended);
    sent.gap = !ended && std::ranges::any_of(names, [&](const auto& name) { return channels_[name].was_confirmed; });
    const auto ticket = n.connection->submit(all.bytes(), all.commands(), sent, never, now());
    if (ticket) {
        sent.ticket = *ticket;
        return true;
    }
    n.requests.pop_back();
    if (!ended) {
        for (const auto& name : names) {
            channels_[name].at = nullptr;
            channels_[name].backing_off = true;
        }
        reconcile_later();
    }
    return false;
}

/// After a loss all channels of the node are subscribed again. Requests that are still queued subscribe a channel a
/// second time, which is harmless.
void sharded_subscriptions::renew(node& n)
{
    if (!std::exchange(n.broken, false)) return;
    std::vector<std::string> names;
    for (auto& [name, c] : channels_) {
        if (c.at != &n) continue;
        c.confirmed = false;
        names.push_back(name);
    }
    if (!names.empty()) send(n, "SSUBSCRIBE", std::move(names));
}

bool sharded_subscriptions::push(node& n, const resp::value& p)
{
    if (p.size() < 2) return false;
    const auto what = p.child(0).text();
    const std::string name{p.child(1).text()};
    const auto c = channels_.find(name);
    const bool here = c != channels_.end() && c->second.at == &n;
    if (what == "smessage") {
        if (here && p.size() == 3) hooks_.on_message(p.child(1), p.child(2));
        return false;
    }
    if (what != "sunsubscribe") return what == "pong" || what == "ssubscribe";
    if (const auto d = n.dropping.find(name); d != n.dropping.end()) {
        n.dropping.erase(d);
        return true;
    }
    if (here) {  // the slot has moved
        c->second.at = nullptr;
        c->second.confirmed = false;
        transport_.lost_master();
        reconcile_soon();
    }
    return false;
}

void sharded_subscriptions::answered(node& n, const std::string& name, const resp::value& reply)
{
    const auto c = channels_.find(name);
    if (c == channels_.end() || c->second.at != &n) return;
    if (!reply.is_error()) {
        c->second.confirmed = c->second.was_confirmed = true;
        c->second.refused.reset();
        pause_.reset();
    } else if (is_temporary(reply.text())) {
        c->second.at = nullptr;
        c->second.backing_off = true;
        if (!transport_.redirected(reply.text())) transport_.lost_master();
        reconcile_later();
    } else {
        c->second.refused = detail::refusal(reply);
    }
}

void sharded_subscriptions::reconcile_soon()
{
    asio::post(executor_, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->reconcile();
    });
}

void sharded_subscriptions::reconcile_later()
{
    if (again_.expiry() > now()) return;
    again_.expires_after(pause_.next() + std::chrono::milliseconds{1});
    again_.async_wait([weak = weak_from_this()](error_code ec) {
        const auto self = weak.lock();
        if (ec || !self) return;
        for (auto& [name, c] : self->channels_) c.backing_off = false;
        self->reconcile();
    });
}

void sharded_subscriptions::notify()
{
    for (auto* w : waiting_) w->cancel();
}

asio::awaitable<void> sharded_subscriptions::wait_for_change(steady_time deadline)
{
    asio::steady_timer changed{executor_, deadline};
    waiting_.push_back(&changed);
    auto change = changed.async_wait(asio::as_tuple(asio::deferred));
    co_await std::move(change);
    waiting_.remove(&changed);
}

}  // namespace larder::redis
