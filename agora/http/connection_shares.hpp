// SPDX-License-Identifier: MIT
// How many connections each client network has open, so that one address cannot take them all. IPv6 clients are
// grouped by their /64 prefix, which is what one customer has. Asked once per connection, never per request.
// Thread-safe. Memory: one entry per network that has a connection open.
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
    /// IPv4 as in ::ffff:0:0/96.
    using network = std::array<unsigned char, 16>;

    /// A network may have a quarter of all connections, and one in any case.
    explicit connection_shares(std::size_t connections) : most_{std::max<std::size_t>(connections / 4, 1)} {}

    static network network_of(const ip_address& a) noexcept
    {
        constexpr std::size_t prefix = 8;  // bytes of a /64
        network n{};
        std::copy_n(a.bytes().begin(), a.is_v4() ? n.size() : prefix, n.begin());
        return n;
    }

    /// False: this network has its share.
    bool take(const network& n)
    {
        const std::scoped_lock lock{mutex_};
        auto& count = open_[n];
        if (count >= most_) return false;
        ++count;
        return true;
    }

    /// Requires: take() was true.
    void give_back(const network& n)
    {
        const std::scoped_lock lock{mutex_};
        const auto found = open_.find(n);
        if (--found->second == 0) open_.erase(found);
    }

    std::size_t most() const noexcept { return most_; }

 private:
    const std::size_t most_;
    std::mutex mutex_;
    std::map<network, std::size_t> open_;
};

}  // namespace agora::http
