// SPDX-License-Identifier: MIT
// The slot map is owners_ and masters_. use_map() replaces it, and a MOVED redirection changes one slot of it. At most
// one coroutine (keep_refreshing) fetches maps. Until the first map arrives, operations are parked, with their
// deadlines. A node that leaves the map still delivers the replies to commands that were sent to it. Coroutines and
// callbacks check `is_alive_` after each suspension, because this object may have been destroyed. Start with start(),
// refresh_topology() and use_map().
#include "cluster.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "cluster_call.hpp"
#include "keys.hpp"
#include "query.hpp"

namespace larder::redis {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::chrono::milliseconds refresh_interval{50};  // shortest pause between two requests for the map
// Longest pause while the map is not healthy; because of jitter it is half of that on average.
constexpr std::chrono::milliseconds longest_refresh_interval{1'000};
constexpr std::size_t max_incomplete = 3;  // maps with unassigned slots to look at per attempt

}  // namespace

/// The node that owns a slot, looked up again for each attempt to connect.
class cluster::owner_source final : public address_source {
 public:
    owner_source(cluster& home, std::optional<std::uint16_t> slot) : home_{home}, is_alive_{home.is_alive_}, slot_{slot}
    {}
    asio::awaitable<address> find(steady_time) override
    {
        const node* n = *is_alive_ ? home_.owner(slot_) : nullptr;
        if (n == nullptr) {
            if (*is_alive_) home_.refresh_topology();
            throw boost::system::system_error{make_error_code(errc::unavailable), "the slot map is not known yet"};
        }
        home_.refresh_topology();  // an outdated map may be why a new connection is needed
        co_return n->where;
    }

 private:
    cluster& home_;
    std::shared_ptr<bool> is_alive_;
    std::optional<std::uint16_t> slot_;
};

cluster::cluster(const asio::any_io_executor& executor, const transport_settings& s)
    : settings_{s},
      executor_{executor},
      cluster_liveness_{s.o.liveness->of("", s.o.breaker)},
      blocking_{s.o.limit.blocking, s.o.time.health_check},
      parked_alarm_{executor},
      pause_{executor},
      refresh_backoff_{refresh_interval, longest_refresh_interval}
{}

cluster::~cluster()
{
    for (const auto& [text, n] : nodes_) n->connection->forget_hooks();
    cluster::close();
    *is_alive_ = false;
}

cluster::node& cluster::node_at(const address& a)
{
    auto& n = nodes_[a.text()];
    if (!n) {
        connection::hooks hooks{
            .on_push =
                [this](const resp::value& push) {
                    if (settings_.on_push) settings_.on_push(push);
                    return false;
                },
            .on_up = [this] { node_changed(true); },
            .on_down = [this] { node_changed(false); },
        };
        auto settings = make_settings(settings_);
        settings.handshake.tracking = settings_.tracking;
        settings.liveness = settings_.o.liveness->of(a.text(), settings_.o.breaker);
        n = std::make_unique<node>(
            node{a, std::make_shared<connection>(executor_, std::move(settings), std::make_shared<fixed_address>(a),
                                                 std::move(hooks))});
    }
    return *n;
}

cluster::node* cluster::owner(std::optional<std::uint16_t> slot)
{
    if (slot && !owners_.empty() && owners_[*slot] != nullptr) return owners_[*slot];
    // Any node can name the owner of a slot (MOVED), or report that it has none (CLUSTERDOWN).
    for (auto* m : masters_) {
        if (m->connection->is_up()) return m;
    }
    return masters_.empty() ? nullptr : masters_.front();
}

void cluster::set_owner(const redirect& r)
{
    if (!owners_.empty()) {
        owners_[r.slot] = &node_at(r.to);
        map_changed();
    }
    refresh_topology();
}

std::optional<address> cluster::owner_address(std::uint16_t slot)
{
    if (!owners_.empty() && owners_[slot] != nullptr) return owners_[slot]->where;
    refresh_topology();
    return std::nullopt;
}

bool cluster::is_master(const address& a) const
{
    return std::ranges::any_of(masters_, [&](const node* m) { return m->where == a; });
}

void cluster::watch_map(const void* watcher, std::function<void()> f)
{
    if (f) {
        watchers_[watcher] = std::move(f);
    } else {
        watchers_.erase(watcher);
    }
}

/// Watchers close connections, so they are called from the event loop and never from within another call.
void cluster::map_changed()
{
    if (watchers_.empty() || std::exchange(change_posted_, true)) return;
    asio::post(executor_, [this, is_alive = is_alive_] {
        if (!*is_alive) return;
        change_posted_ = false;
        const auto watchers = watchers_;
        for (const auto& [watcher, on_change] : watchers) on_change();
    });
}

void cluster::start(detail::operation& op)
{
    op.place = nullptr;
    if (closed_) {
        op.end({outcome::not_sent, errc::closed, "the client is closed"});
    } else if (owners_.empty() && cluster_liveness_->is_silent()) {
        refresh_topology();
        const auto& why = failure_.message.empty() ? std::string{"no cluster node replies in time"} : failure_.message;
        op.end({outcome::not_sent, errc::unavailable, why});
    } else if (owners_.empty()) {
        park(op);
    } else if (op.what().is_blocking()) {
        start_blocking(op);
    } else {
        auto made = std::make_unique<cluster_call>(*this, op);
        auto* c = made.get();
        calls_.emplace(c, std::move(made));
        op.place = c;
        c->start();
    }
}

std::optional<bool> cluster::cancel(detail::operation& op)
{
    if (std::erase(parked_, &op) > 0) return true;
    const auto found = calls_.find(static_cast<cluster_call*>(op.place));
    if (found == calls_.end()) {
        blocking_connections::give_up(op);
        return std::nullopt;
    }
    const bool unsent = found->second->abandon();
    calls_.erase(found);
    return unsent;
}

void cluster::start_blocking(detail::operation& op)
{
    const auto key = first_key(op.what());
    const auto slot = key.empty() ? std::nullopt : std::optional{key_slot(key)};
    const auto* n = owner(slot);
    const auto where = n == nullptr ? std::string{} : n->where.text();
    blocking_.start(
        op, where,
        [this, slot](connection::hooks h) {
            return make_connection({.watch_silence = false, .subscribes = false, .slot = slot}, std::move(h));
        },
        [this](const connection& waiting) {
            unblock(*node_at(waiting.peer()).connection, waiting, settings_.o.time.socket);
        });
}

std::shared_ptr<connection> cluster::make_connection(const connection_purpose& o, connection::hooks h)
{
    auto settings = make_settings(settings_);
    settings.watch_silence = o.watch_silence;
    settings.subscribes = o.subscribes;
    std::shared_ptr<address_source> where;
    if (o.node != nullptr) {
        where = std::make_shared<fixed_address>(*o.node);
    } else {
        where = std::make_shared<owner_source>(*this, o.slot);
    }
    return std::make_shared<connection>(executor_, std::move(settings), std::move(where), std::move(h));
}

void cluster::park(detail::operation& op)
{
    parked_.push_back(&op);
    refresh_topology();
    if (op.deadline() < parked_alarm_.expiry() || parked_.size() == 1) end_timed_out();
}

/// Ends the parked operations whose deadline has passed, and sets the alarm for the next deadline.
void cluster::end_timed_out()
{
    auto next = steady_time::max();
    for (auto* op : std::vector<detail::operation*>{parked_}) {
        if (op->deadline() > now()) {
            next = std::min(next, op->deadline());
        } else if (std::erase(parked_, op) > 0) {
            cluster_liveness_->timed_out(op->started());
            op->on_end(outcome::not_sent, errc::timed_out);
        }
    }
    parked_alarm_.expires_at(next);
    parked_alarm_.async_wait([this, is_alive = is_alive_](error_code ec) {
        if (!ec && *is_alive) end_timed_out();
    });
}

void cluster::unpark()
{
    parked_alarm_.cancel();
    for (auto* op : std::exchange(parked_, {})) start(*op);
}

bool cluster::lost_master()
{
    refresh_topology();
    return true;
}

bool cluster::redirected(std::string_view text)
{
    const auto r = parse_redirect(text, {});
    if (r && !r->ask && !r->to.host.empty()) {
        set_owner(*r);
    } else {
        refresh_topology();
    }
    return true;
}

std::string cluster::explain(error_code code) const
{
    return code == errc::timed_out && owners_.empty() && !failure_.message.empty() ? failure_.message : code.message();
}

client_state cluster::state() const
{
    client_state out;
    for (const auto* m : masters_) {
        if (out.server.empty() || m->connection->is_up()) out = state_of(*m->connection);
    }
    out.waiting = parked_.size() + calls_.size();
    out.connected = is_connected();
    if (out.server.empty()) {
        out.server = settings_.o.addresses.front().text();
        out.failure = failure_;
    }
    return out;
}

void cluster::close()
{
    if (std::exchange(closed_, true)) return;
    connected_ = false;
    pause_.cancel();
    parked_alarm_.cancel();
    for (auto* op : std::exchange(parked_, {})) op->on_end(outcome::not_sent, errc::closed);
    for (const auto& [text, n] : nodes_) n->connection->close();
    blocking_.close();
}

void cluster::node_changed(bool up)
{
    connected_ = std::ranges::any_of(masters_, [](const node* m) { return m->connection->is_up(); });
    if (!up) refresh_topology();
    if (settings_.on_connection) settings_.on_connection({up, false, 0});
}

/// Whether every slot has an owner and all masters are connected.
bool cluster::is_healthy() const
{
    return std::ranges::find(owners_, nullptr) == owners_.end() &&
           std::ranges::all_of(masters_, [](const node* m) { return m->connection->is_up(); });
}

void cluster::refresh_topology()
{
    refresh_again_ = true;
    if (closed_ || std::exchange(refreshing_, true)) return;
    asio::co_spawn(executor_, keep_refreshing(), [](const std::exception_ptr& e) {
        if (e) std::rethrow_exception(e);
    });
}

/// Fetches the map until it is healthy, with growing pauses, because a node may be down or may never have been up.
asio::awaitable<void> cluster::keep_refreshing()
{
    const auto is_alive = is_alive_;
    while (refresh_again_ && !closed_) {
        refresh_again_ = false;
        const bool fetched = co_await fetch_map();
        if (!*is_alive) co_return;
        const bool healthy = fetched && is_healthy();
        if (healthy) refresh_backoff_.reset();
        refresh_again_ = refresh_again_ || !healthy;
        if (refresh_again_ && !closed_) {
            pause_.expires_after(healthy ? refresh_interval : refresh_interval + refresh_backoff_.next());
            auto pausing = pause_.async_wait(asio::as_tuple(asio::deferred));
            co_await std::move(pausing);
            if (!*is_alive) co_return;
        }
    }
    refreshing_ = false;
}

/// The addresses to fetch the map from, in this order: the connected masters, starting with a different one each time,
/// because one may be partitioned from the others and have an outdated map; then the other masters, the addresses of
/// the URL, and the masters of the last complete map.
std::vector<address> cluster::map_sources()
{
    std::vector<address> out;
    const auto add = [&](const address& a) {
        if (std::ranges::find(out, a) == out.end()) out.push_back(a);
    };
    for (const auto* m : masters_) {
        if (m->connection->is_up()) add(m->where);
    }
    if (!out.empty())
        std::rotate(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(tries_++ % out.size()), out.end());
    for (const auto* m : masters_) add(m->where);
    for (const auto& a : settings_.o.addresses) add(a);
    for (const auto& a : last_known_masters_) add(a);
    return out;
}

/// Fetches a map and uses it. A map with unassigned slots is used only if no node that was asked has a better one.
asio::awaitable<bool> cluster::fetch_map()
{
    const auto is_alive = is_alive_;
    const auto sources = map_sources();
    std::vector<slot_range> best;
    for (std::size_t incomplete = 0; const auto& a : sources) {
        auto ranges = co_await fetch_map(a);
        if (!*is_alive || closed_) co_return true;
        if (ranges.empty()) continue;
        if (slots_in(ranges) > slots_in(best)) best = std::move(ranges);
        if (slots_in(best) >= slot_count || ++incomplete == max_incomplete) break;
    }
    if (best.empty()) {
        // The nodes refuse this client, because of wrong credentials for example, so the parked operations end now.
        if (failure_.code == errc::refused && owners_.empty())
            for (auto* op : std::exchange(parked_, {})) op->end(failure_);
        map_timeout_ = std::min<std::chrono::milliseconds>(2 * map_timeout_, settings_.o.time.connect);
        co_return false;
    }
    use_map(best);
    co_return true;
}

/// Fetches the map from one node. Empty if the node does not reply, or reports no slots.
asio::awaitable<std::vector<slot_range>> cluster::fetch_map(address a)
{
    const auto is_alive = is_alive_;
    std::vector<slot_range> ranges;
    std::optional<error> refused;
    const link::visitor see = [&](std::uint32_t, const resp::value& reply) {
        if (reply.is_error()) {
            refused = detail::refusal(reply);
        } else {
            ranges = parse_slots(reply, a.host);
        }
    };
    request question{"CLUSTER SLOTS"};
    const auto begin = now();
    const auto until = begin + std::min<std::chrono::milliseconds>(map_timeout_, settings_.o.time.connect);
    const queried_server server{a, settings_.tls.get(), settings_.o.login};
    auto failed = co_await query_server(executor_, server, std::move(question), see, until);
    if (!*is_alive) co_return ranges;
    if (failed || refused) {
        failure_ = failed ? *failed : *refused;
        failure_.outcome = outcome::not_sent;
    } else if (ranges.empty()) {
        failure_ = {outcome::not_sent, errc::unavailable, "the cluster's node " + a.text() + " reports no slots"};
    } else {
        map_timeout_ = std::max(min_map_timeout, std::chrono::ceil<std::chrono::milliseconds>(2 * (now() - begin)));
    }
    co_return ranges;
}

void cluster::use_map(const std::vector<slot_range>& ranges)
{
    cluster_liveness_->note_activity(now());
    owners_.assign(slot_count, nullptr);
    masters_.clear();
    for (const auto& r : ranges) {
        auto& n = node_at(r.master);
        std::fill(owners_.begin() + static_cast<std::ptrdiff_t>(r.from),
                  owners_.begin() + static_cast<std::ptrdiff_t>(r.to) + 1, &n);
        if (std::ranges::find(masters_, &n) == masters_.end()) masters_.push_back(&n);
    }
    if (std::ranges::find(owners_, nullptr) == owners_.end()) {
        last_known_masters_.clear();
        for (const auto* m : masters_) last_known_masters_.push_back(m->where);
    }
    // Commands that are queued at a node that has left, and were not sent, go to the new owner.
    std::vector<std::unique_ptr<node>> gone;
    for (auto it = nodes_.begin(); it != nodes_.end();) {
        if (std::ranges::find(masters_, it->second.get()) != masters_.end()) {
            it->second->connection->connect();
            ++it;
        } else {
            gone.push_back(std::move(it->second));
            it = nodes_.erase(it);
        }
    }
    for (const auto& n : gone) {
        n->connection->forget_hooks();
        n->connection->retire();
    }
    map_changed();
    unpark();
}

std::unique_ptr<transport> make_cluster(const asio::any_io_executor& executor, const transport_settings& s)
{
    return std::make_unique<cluster>(executor, s);
}

}  // namespace larder::redis
