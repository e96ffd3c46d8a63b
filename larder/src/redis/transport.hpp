// SPDX-License-Identifier: MIT
// How requests reach Redis: one server, a master found by Sentinel, a cluster, or HTTP. One per event loop, used on it.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <larder/redis/client.hpp>
#include <larder/redis/operation.hpp>
#include <memory>
#include <optional>

#include "link.hpp"

namespace larder::redis {

class transport {
 public:
    virtual ~transport() = default;

    /// From any thread.
    bool is_connected() const noexcept { return connected_.load(std::memory_order_relaxed); }

    /// Ends the operation sooner or later, perhaps within this call.
    virtual void start(detail::operation& op) = 0;
    /// Gives the operation up: whether its bytes were never sent. nullopt: it ends by itself, soon.
    virtual std::optional<bool> cancel(detail::operation& op) = 0;
    /// Begins to connect.
    virtual void connect() = 0;
    virtual client_state state() const = 0;
    /// Fails what waits, with errc::closed.
    virtual void close() = 0;
    virtual bool closed() const = 0;
    /// A server said that it is no master any more. Whether another one can be found.
    virtual bool lost_master() = 0;
    /// Words for an operation that ended with `code`.
    virtual std::string explain(boost::system::error_code code) const { return code.message(); }

 protected:
    std::atomic<bool> connected_ = false;
};

/// What all transports of a client share; made once, read only.
struct transport_settings {
    options o;
    std::shared_ptr<boost::asio::ssl::context> tls;
};

std::unique_ptr<transport> make_transport(const boost::asio::any_io_executor& executor, const transport_settings& s);

class address_source;
/// One server at a time: always the same, or the master of the moment.
std::unique_ptr<transport> make_single(const boost::asio::any_io_executor& executor, const transport_settings& s,
                                       std::shared_ptr<address_source> where);
std::shared_ptr<address_source> make_sentinel_source(const boost::asio::any_io_executor& executor, const transport_settings& s);
std::unique_ptr<transport> make_cluster(const boost::asio::any_io_executor& executor, const transport_settings& s);
std::unique_ptr<transport> make_rest(const boost::asio::any_io_executor& executor, const transport_settings& s);

}  // namespace larder::redis
