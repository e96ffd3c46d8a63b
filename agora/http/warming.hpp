// SPDX-License-Identifier: MIT
// Cache warming: loads responses before a client requests them. For each cached route that lists its popular targets
// (route::warmed()), the most popular ones are loaded first. It loads one response at a time, through the same single
// flight and lease as requests, so it does not delay clients; meanwhile they are served the cached value, if any.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <larder/region.hpp>
#include <vector>

namespace agora::http {

class router;

struct warm_options {
    std::vector<const larder::region_base*> regions;  ///< only responses in these regions; empty: all
    std::size_t max_per_route = 100;
    double renew_below = 0;  ///< fraction of the TTL, 0 to 1: entries with less of it left are reloaded
};

struct warm_progress {
    std::size_t total = 0;
    std::size_t loaded = 0;
    std::size_t fresh = 0;   ///< were already in the cache
    std::size_t failed = 0;  ///< could not be loaded, or the response is an error
    std::size_t done() const noexcept { return loaded + fresh + failed; }
};

/// `on_progress` is called before each response and once at the end; false stops the warming. Rethrows exceptions from
/// the functions of route::warmed(); a failed load is only counted.
boost::asio::awaitable<warm_progress> warm(const router& routes, warm_options options,
                                           std::function<bool(const warm_progress&)> on_progress);

}  // namespace agora::http
