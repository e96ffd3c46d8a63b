// SPDX-License-Identifier: MIT
// A cluster: one connection per node, and a map from slots to nodes that is drawn again, once at a time, when a node
// says MOVED or CLUSTERDOWN, and as long as a node of it is down or a slot of it is nobody's.
// Source: redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <larder/backoff.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "blocking_lines.hpp"
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
    void watch_map(const void* who, std::function<void()> f) override;
    std::shared_ptr<connection> make_line(const line_options& o, connection::hooks h) override;

    struct node {
        address where;
        std::shared_ptr<connection> line;
    };
    /// For calls: the node of a slot (none, or nobody's: any), null while no map is there; the node at an address, made
    /// if unknown.
    node* owner(std::optional<std::uint16_t> slot);
    node& node_at(const address& a);
    void set_owner(const redirect& r);
    /// Asks for the map soon, once.
    void refresh_topology();
    bool closing() const noexcept { return closed_; }
    void release(cluster_call* c) { calls_.erase(c); }

 private:
    class owner_source;

    void park(detail::operation& op);
    void end_late_ones();
    void unpark();
    void start_blocking(detail::operation& op);
    boost::asio::awaitable<void> keep_drawing();
    std::vector<address> map_sources();
    boost::asio::awaitable<bool> ask_for_map();
    boost::asio::awaitable<std::vector<slot_range>> ask_for_map(address a);
    void use_map(const std::vector<slot_range>& ranges);
    bool is_settled() const;
    void node_changed(bool up);
    void map_changed();

    const transport_settings& settings_;
    boost::asio::any_io_executor executor_;
    std::shared_ptr<server_liveness> alive_as_a_whole_;   ///< counts calls that waited in vain for the first map
    std::map<std::string, std::unique_ptr<node>> nodes_;  ///< by host and port
    std::vector<node*> owners_;                           ///< by slot, null: nobody's; empty: no map yet
    std::vector<node*> masters_;
    std::vector<address> remembered_;  ///< the masters of the last map without holes
    std::map<const void*, std::function<void()>> watchers_;
    std::map<cluster_call*, std::unique_ptr<cluster_call>> calls_;
    std::vector<detail::operation*> parked_;  ///< that wait for the first map
    blocking_lines blocking_;
    boost::asio::steady_timer parked_alarm_;
    boost::asio::steady_timer pause_;
    backoff unsettled_;
    static constexpr std::chrono::milliseconds least_patience{300};
    std::chrono::milliseconds patience_ =
        least_patience;  ///< with one node that is asked for the map; grows if need be
    std::size_t tries_ = 0;
    error failure_;
    bool drawing_ = false;
    bool draw_again_ = false;
    bool closed_ = false;
    bool change_posted_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< for the coroutine that draws
};

}  // namespace larder::redis
