// SPDX-License-Identifier: MIT
// The sharded channels of one subscriber in a cluster. Each is subscribed at the node that owns its slot, over one
// connection per node. It follows the slot when the slot map changes, when the node ends the subscription, and when the
// node replies that another one owns the slot. Start with add(). Belongs to one event loop; hold it by shared_ptr.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <larder/backoff.hpp>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "transport.hpp"

namespace larder::redis {

class sharded_subscriptions : public std::enable_shared_from_this<sharded_subscriptions> {
 public:
    struct hooks {
        std::function<void(const resp::value& channel, const resp::value& payload)> on_message;
        std::function<void()> on_gap;  ///< channels were subscribed again; messages before this may be missing
    };
    /// The transport must outlive this object.
    sharded_subscriptions(boost::asio::any_io_executor executor, transport& transport, hooks h);
    ~sharded_subscriptions();
    sharded_subscriptions(const sharded_subscriptions&) = delete;
    sharded_subscriptions& operator=(const sharded_subscriptions&) = delete;

    /// Returns when a node has confirmed the subscription. If it fails, the channel stays and is subscribed later,
    /// unless the server refused it for good.
    boost::asio::awaitable<reply<void>> add(std::string name, steady_time deadline);
    boost::asio::awaitable<reply<void>> remove(std::string name, steady_time deadline);

 private:
    struct node;
    class subscription_request;
    struct channel {
        node* at = nullptr;  ///< where it is subscribed, or is about to be
        bool confirmed = false;
        bool was_confirmed = false;    ///< at some time, so a further subscription has a gap before it
        bool backing_off = false;      ///< waits for the next attempt
        std::optional<error> refused;  ///< for good
    };

    void watch();
    void reconcile();
    node& node_at(const address& a);
    bool send(node& n, std::string_view verb, std::vector<std::string> names, std::shared_ptr<bool> ended = {});
    void renew(node& n);
    bool push(node& n, const resp::value& p);
    void answered(node& n, const std::string& name, const resp::value& reply);
    void reconcile_soon();
    void reconcile_later();
    void notify();
    boost::asio::awaitable<void> wait_for_change(steady_time deadline);

    boost::asio::any_io_executor executor_;
    transport& transport_;
    hooks hooks_;
    std::map<std::string, channel> channels_;
    std::map<std::string, std::unique_ptr<node>> nodes_;  ///< by host and port
    std::list<boost::asio::steady_timer*> waiting_;
    boost::asio::steady_timer again_;
    backoff pause_;
};

}  // namespace larder::redis
