// SPDX-License-Identifier: MIT
// How requests reach Redis: one server, a master found by Sentinel, a cluster, or HTTP. One per event loop, used on it.
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

/// Of a connection for one purpose.
struct line_options {
    bool watch_silence = true;
    bool subscribes = false;
    std::optional<std::uint16_t> slot;  ///< Cluster: of what it is for
    const address* node = nullptr;      ///< Cluster: that one, and no other
};

/// What all transports of a client share; filled before the first call, read only then.
struct transport_settings {
    options o;
    std::shared_ptr<tls_files> tls;
    std::string tracking;  ///< the encoded CLIENT TRACKING; empty: none
    std::function<void(const resp::value&)> on_push;
    std::function<void(const connection_event&)> on_connection;
};

class transport {
 public:
    virtual ~transport() = default;

    /// From any thread.
    bool is_connected() const noexcept { return connected_.load(std::memory_order_relaxed); }

    /// The time, perhaps that of the batch of replies which is being given out.
    virtual steady_time loop_time() const { return std::chrono::steady_clock::now(); }
    /// Ends the operation sooner or later, perhaps within this call.
    virtual void start(detail::operation& op) = 0;
    /// Gives the operation up: whether its bytes were never sent. nullopt: it ends by itself, soon.
    virtual std::optional<bool> cancel(detail::operation& op) = 0;
    virtual client_state state() const = 0;
    /// Fails what waits, with errc::closed.
    virtual void close() = 0;
    virtual bool closed() const = 0;
    /// A server said that it is no master any more. Whether another one can be found.
    virtual bool lost_master() = 0;
    /// A server said that a slot has moved. Whether another try will find it.
    virtual bool redirected(std::string_view) { return false; }
    /// Cluster: who owns the slot, as far as is known. nullopt: nobody, or there is no map yet; it is asked for.
    virtual std::optional<address> owner_address(std::uint16_t) { return std::nullopt; }
    virtual bool is_master(const address&) const { return true; }
    /// Cluster: `f` is called, on the loop and from within nothing else, after the map has changed; empty: no more.
    virtual void watch_map(const void*, std::function<void()>) {}
    /// Words for an operation that ended with `code`.
    virtual std::string explain(boost::system::error_code code) const { return code.message(); }
    /// Another connection; null where there are none.
    virtual std::shared_ptr<connection> make_line(const line_options& o, connection::hooks h) = 0;

 protected:
    std::atomic<bool> connected_ = false;
};

connection_settings make_settings(const transport_settings& s);
client_state state_of(const connection& c);

std::unique_ptr<transport> make_transport(const boost::asio::any_io_executor& executor, const transport_settings& s);
std::shared_ptr<address_source> make_sentinel_source(const boost::asio::any_io_executor& executor,
                                                     const transport_settings& s);
std::unique_ptr<transport> make_cluster(const boost::asio::any_io_executor& executor, const transport_settings& s);
std::unique_ptr<transport> make_rest(const boost::asio::any_io_executor& executor, const transport_settings& s);

}  // namespace larder::redis
