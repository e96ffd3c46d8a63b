// SPDX-License-Identifier: MIT
// The transport for a cluster: one connection per master, and a map from slots to masters. The map is fetched again
// when a node replies MOVED or CLUSTERDOWN, and for as long as a master is down or a slot has no owner; at most one
// fetch runs at a time. start() turns an operation into a cluster_call, which sends its parts to the owners of their
// slots.
// Source: redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <larder/backoff.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "blocking_connections.hpp"
#include "cluster_map.hpp"
#include "transport.hpp"

namespace larder::redis {

class cluster_call;

class cluster final : public transport {
 public:
    cluster(const boost::asio::any_io_executor& executor, const transport_settings& s);
    ~cluster() override;

    void start(detail::operation& op) override;
    std::optional<bool> cancel(detail::operation& op) override;
    client_state state() const override;
    void close() override;
    bool closed() const override { return closed_ && calls_.empty() && parked_.empty(); }
    bool lost_master() override;
    bool redirected(std::string_view text) override;
    std::string explain(boost::system::error_code code) const override;
    std::optional<address> owner_address(std::uint16_t slot) override;
    bool is_master(const address& a) const override;
    void watch_map(const void* watcher, std::function<void()> f) override;
    std::shared_ptr<connection> make_connection(const connection_purpose& o, connection::hooks h) override;

    struct node {
        address where;
        std::shared_ptr<redis::connection> connection;
    };
    /// For cluster_call: the master that owns the slot. Without a slot, or if the slot has no owner, any master,
    /// preferably a connected one. Null while there is no map.
    node* owner(std::optional<std::uint16_t> slot);
    /// The node at this address; it is added if it is unknown.
    node& node_at(const address& a);
    void set_owner(const redirect& r);
    /// Fetches the map soon. Calls during a fetch lead to one further fetch.
    void refresh_topology();
    bool closing() const noexcept { return closed_; }
    void release(cluster_call* c) { calls_.erase(c); }

 private:
    class owner_source;

    void park(detail::operation& op);
    void end_timed_out();
    void unpark();
    void start_blocking(detail::operation& op);
    boost::asio::awaitable<void> keep_refreshing();
    std::vector<address> map_sources();
    boost::asio::awaitable<bool> fetch_map();
    boost::asio::awaitable<std::vector<slot_range>> fetch_map(address a);
    void use_map(const std::vector<slot_range>& ranges);
    bool is_healthy() const;
    void node_changed(bool up);
    void map_changed();

    const transport_settings& settings_;
    boost::asio::any_io_executor executor_;
    std::shared_ptr<server_liveness> cluster_liveness_;   ///< counts calls that timed out waiting for the first map
    std::map<std::string, std::unique_ptr<node>> nodes_;  ///< by host and port
    std::vector<node*> owners_;                           ///< by slot; null: no owner; empty: no map yet
    std::vector<node*> masters_;
    std::vector<address> last_known_masters_;  ///< the masters of the last complete map
    std::map<const void*, std::function<void()>> watchers_;
    std::map<cluster_call*, std::unique_ptr<cluster_call>> calls_;
    std::vector<detail::operation*> parked_;  ///< operations that wait for the first map
    blocking_connections blocking_;
    boost::asio::steady_timer parked_alarm_;
    boost::asio::steady_timer pause_;
    backoff refresh_backoff_;
    static constexpr std::chrono::milliseconds min_map_timeout{300};
    /// How long to wait for the map of one node. Doubles while no node replies, up to the connect time-out.
    std::chrono::milliseconds map_timeout_ = min_map_timeout;
    std::size_t tries_ = 0;
    error failure_;
    bool refreshing_ = false;
    bool refresh_again_ = false;
    bool closed_ = false;
    bool change_posted_ = false;
    std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);  ///< false once destroyed; coroutines check it
};

}  // namespace larder::redis
