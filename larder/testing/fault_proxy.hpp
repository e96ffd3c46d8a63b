// SPDX-License-Identifier: MIT
// A TCP proxy on a free loopback port that breaks connections in every way a network can: delay, slowness, odd pieces,
// silence, loss, resets, refusal. In this process, on its own thread; the faults may be set from any thread, at any
// time, are in effect when the call returns, and hold for all connections, those that come later included, until
// heal().
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

namespace larder::testing {

enum class direction : unsigned char { to_server, to_client, both };

class fault_proxy {
 public:
    /// In front of 127.0.0.1:target.
    explicit fault_proxy(unsigned short target);
    ~fault_proxy();
    fault_proxy(const fault_proxy&) = delete;
    fault_proxy& operator=(const fault_proxy&) = delete;

    unsigned short port() const noexcept;
    /// New connections go to another port.
    void retarget(unsigned short target);

    /// Every piece is forwarded that much later, in order.
    void delay(direction d, std::chrono::milliseconds by);
    void throttle(direction d, std::size_t bytes_per_second);
    /// At most so many bytes per packet.
    void split(direction d, std::size_t bytes);
    /// One shot: the first connection that has had that many more bytes forwarded is reset, right behind them. Each one
    /// counts for itself, from this call on. After 0 bytes: in place of the next one.
    void cut_after(direction d, std::uint64_t bytes);
    /// Nothing is forwarded; it stays in the buffers until heal().
    void black_hole(direction d);
    /// What arrives is thrown away; such connections are reset by heal(), since their stream has a hole.
    void discard(direction d);

    void reset_all();  ///< RST to both sides of every connection
    void close_all();  ///< FIN
    void refuse();     ///< resets all, and nobody listens any more; the port stays ours
    void heal();       ///< no faults, what was held back flows; listens again on the same port

    std::size_t connections() const;  ///< now
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
