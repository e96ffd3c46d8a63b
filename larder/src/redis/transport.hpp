// SPDX-License-Identifier: MIT
// How requests reach Redis: one server, a master found by Sentinel, a cluster, or HTTP. Each event loop of a client has
// one transport, which is used only on that loop. make_transport() chooses the implementation; start() takes an
// operation and ends it sooner or later.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <larder/redis/client.hpp>
#include <larder/redis/operation.hpp>
#include <memory>
#include <optional>
#include <string>

#include "connection.hpp"

namespace larder::redis {

/// What a further connection is for.
struct connection_purpose {
    bool watch_silence = true;
    bool subscribes = false;
    std::optional<std::uint16_t> slot;  ///< cluster: to the owner of this slot
    const address* node = nullptr;      ///< cluster: to this node, and to no other
};

/// Shared by all transports of a client. Filled before the first call, and only read after that.
struct transport_settings {
    options o;
    std::shared_ptr<tls_files> tls;
    std::string tracking;  ///< the encoded CLIENT TRACKING; empty: no tracking
    std::function<void(const resp::value&)> on_push;
    std::function<void(const connection_event&)> on_connection;
};

class transport {
 public:
    virtual ~transport() = default;

    /// May be called from any thread.
    bool is_connected() const noexcept { return connected_.load(std::memory_order_relaxed); }

    /// The current time; while replies are delivered, the time at which they arrived.
    virtual steady_time loop_time() const { return std::chrono::steady_clock::now(); }
    /// Ends the operation sooner or later, perhaps within this call.
    virtual void start(detail::operation& op) = 0;
    /// Gives the operation up. Returns whether its bytes were never sent. nullopt: the operation ends by itself, soon.
    virtual std::optional<bool> cancel(detail::operation& op) = 0;
    virtual client_state state() const = 0;
    /// Ends all waiting operations with errc::closed.
    virtual void close() = 0;
    /// Whether close() was called and all operations have ended.
    virtual bool closed() const = 0;
    /// A server replied that it is no longer a master. Returns whether another one can be found.
    virtual bool lost_master() = 0;
    /// A server replied that a slot has moved. Returns whether another attempt can find it.
    virtual bool redirected(std::string_view) { return false; }
    /// Cluster: the known owner of the slot. nullopt: it has none, or there is no map yet, which is then fetched.
    virtual std::optional<address> owner_address(std::uint16_t) { return std::nullopt; }
    virtual bool is_master(const address&) const { return true; }
    /// Cluster: `f` is called after each change of the map, on the loop and never from within another call. An empty
    /// `f` ends this.
    virtual void watch_map(const void*, std::function<void()>) {}
    /// The message for an operation that ended with `code`.
    virtual std::string explain(boost::system::error_code code) const { return code.message(); }
    /// Makes a further connection. Null if the transport has none.
    virtual std::shared_ptr<connection> make_connection(const connection_purpose& o, connection::hooks h) = 0;

 protected:
    std::atomic<bool> connected_ = false;
};

connection_settings make_settings(const transport_settings& s);
client_state state_of(const connection& c);

std::unique_ptr<transport> make_transport(const boost::asio::any_io_executor& executor, const transport_settings& s);
/// For one server: the one that `where` finds.
std::unique_ptr<transport> make_single_server(const boost::asio::any_io_executor& executor, const transport_settings& s,
                                              std::shared_ptr<address_source> where);
std::shared_ptr<address_source> make_sentinel_source(const boost::asio::any_io_executor& executor,
                                                     const transport_settings& s);
std::unique_ptr<transport> make_cluster(const boost::asio::any_io_executor& executor, const transport_settings& s);
std::unique_ptr<transport> make_rest(const boost::asio::any_io_executor& executor, const transport_settings& s);

}  // namespace larder::redis
