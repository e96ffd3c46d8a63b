// SPDX-License-Identifier: MIT
// Loads answers before anybody asks for them: of each cached route that says what is popular (route::warmed()), the
// most popular ones first. One load at a time, by the same single flight and lease as requests, so that visitors are
// not held up; who asks meanwhile is served what is there.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <larder/region.hpp>
#include <vector>

namespace agora::http {

class router;

struct warm_order {
    std::vector<const larder::region_base*> regions;  ///< only their answers; empty: all
    std::size_t most = 100;                           ///< answers of each route
    double renew_below = 0;                           ///< part of the TTL: answers with less left are loaded anew
};

struct warm_progress {
    std::size_t total = 0;
    std::size_t loaded = 0;
    std::size_t fresh = 0;   ///< were there already
    std::size_t failed = 0;  ///< could not be loaded, or answer an error
    std::size_t done() const noexcept { return loaded + fresh + failed; }
};

/// `go_on` is called before the first and after each answer; false ends it. Throws what route::warmed()'s functions
/// throw.
boost::asio::awaitable<warm_progress> warm(const router& routes, warm_order order,
                                           std::function<bool(const warm_progress&)> go_on);

}  // namespace agora::http
