// SPDX-License-Identifier: MIT
// Counts the open connections of each client network, so that one address cannot use up all of them. IPv6 clients are
// grouped by their /64 prefix, which is what a provider gives to one customer. Used once per connection, never per
// request. Thread-safe. Memory: one map entry per network that has an open connection.
#pragma once

#include <agora/http/client_address.hpp>
#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <mutex>

namespace agora::http {

class connection_shares {
 public:
    /// An IPv4-mapped address, or the /64 prefix of an IPv6 address followed by zeros.
    using network = std::array<unsigned char, 16>;

    /// A network may have a quarter of all connections, but at least one.
    explicit connection_shares(std::size_t connections) : limit_{std::max<std::size_t>(connections / 4, 1)} {}

    static network network_of(const ip_address& a) noexcept
    {
        constexpr std::size_t prefix = 8;  // bytes of a /64 prefix
        network n{};
        std::copy_n(a.bytes().begin(), a.is_v4() ? n.size() : prefix, n.begin());
        return n;
    }

    /// Counts a new connection of the network. False: the network already has its share, nothing is counted.
    bool take(const network& n)
    {
        const std::scoped_lock lock{mutex_};
        auto& count = open_[n];
        if (count >= limit_) return false;
        ++count;
        return true;
    }

    /// Counts a connection as closed. Requires: take() returned true for it.
    void release(const network& n)
    {
        const std::scoped_lock lock{mutex_};
        const auto found = open_.find(n);
        if (--found->second == 0) open_.erase(found);
    }

    std::size_t limit() const noexcept { return limit_; }

 private:
    const std::size_t limit_;
    std::mutex mutex_;
    std::map<network, std::size_t> open_;
};

}  // namespace agora::http
