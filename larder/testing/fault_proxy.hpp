// SPDX-License-Identifier: MIT
// A TCP proxy on a free loopback port that breaks connections in every way a network can: delay, low bandwidth, odd
// pieces, silence, loss, resets, refusal. It runs in this process, on a thread of its own. Faults may be set from any
// thread, at any time. They are in effect when the call returns, and apply to all connections, later ones included,
// until heal().
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

namespace larder::testing {

enum class direction : unsigned char { to_server, to_client, both };

class fault_proxy {
 public:
    /// Forwards to 127.0.0.1:target.
    explicit fault_proxy(unsigned short target);
    ~fault_proxy();
    fault_proxy(const fault_proxy&) = delete;
    fault_proxy& operator=(const fault_proxy&) = delete;

    unsigned short port() const noexcept;
    /// New connections go to another port.
    void retarget(unsigned short target);

    /// Forwards every piece this much later, in order.
    void delay(direction d, std::chrono::milliseconds by);
    void throttle(direction d, std::size_t bytes_per_second);
    /// Forwards at most this many bytes per packet.
    void split(direction d, std::size_t bytes);
    /// One shot: resets the first connection that has forwarded this many more bytes, directly after them. Each
    /// connection counts for itself, from this call on. With 0 bytes, the connection is reset instead of forwarding its
    /// next ones.
    void cut_after(direction d, std::uint64_t bytes);
    /// Forwards nothing; the bytes stay in the buffers until heal().
    void black_hole(direction d);
    /// Discards what arrives. heal() resets such connections, because bytes are missing in their stream.
    void discard(direction d);

    void reset_all();  ///< sends RST to both sides of every connection
    void close_all();  ///< sends FIN instead
    void refuse();     ///< resets all connections and stops listening; nobody else is given the port
    void heal();       ///< removes all faults, forwards what was held back, and listens on the same port again

    std::size_t connections() const;  ///< open at the moment
    /// Blocks until there are exactly `n` connections. False after `limit`.
    bool wait_for_connections(std::size_t n, std::chrono::milliseconds limit = std::chrono::seconds{10}) const;
    std::uint64_t accepted() const;          ///< since the beginning
    std::uint64_t bytes(direction d) const;  ///< forwarded since the beginning
    std::uint64_t discarded() const;         ///< bytes thrown away since the beginning

 private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace larder::testing
