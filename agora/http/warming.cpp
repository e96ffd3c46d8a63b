// SPDX-License-Identifier: MIT
// Cache warming. Start with warm(): choose() collects the targets of all routes, then warm_one() loads them one by one,
// as GET requests of a guest.
#include <agora/http/router.hpp>
#include <agora/http/warming.hpp>
#include <algorithm>

namespace agora::http {
namespace {

struct candidate {
    const route* via;
    std::string target;
};

/// A guest's GET, marked as admitted. On the heap, because a request is large and would enlarge the coroutine's frame.
std::unique_ptr<request> make_guest_request(std::string_view target)
{
    auto r = std::make_unique<request>();
    r->set_target(target);
    r->admitted.known = true;
    return r;
}

/// Whether the target leads to this route and its response belongs to one of the requested regions.
bool is_wanted(const route& via, std::string_view target, const router& routes, const warm_options& options)
{
    const auto r = make_guest_request(target);
    if (routes.match(*r).found != &via) return false;
    const auto k = via.cache->key_of(*r);
    if (!k) return false;
    return options.regions.empty() ||
           std::find(options.regions.begin(), options.regions.end(), &k->region()) != options.regions.end();
}

/// All targets to load: the most popular one of each route, then the second of each, and so on.
asio::awaitable<std::vector<candidate>> choose(const router& routes, const warm_options& options)
{
    std::vector<std::vector<candidate>> of_routes;
    for (const auto& via : routes.routes()) {
        if (!via->cache || !via->popular) continue;
        const std::vector<std::string> targets = co_await via->popular(options.max_per_route);
        auto& chosen = of_routes.emplace_back();
        for (const auto& t : targets)
            if (chosen.size() < options.max_per_route && is_wanted(*via, t, routes, options))
                chosen.push_back({via.get(), t});
    }
    std::vector<candidate> all;
    for (std::size_t rank = 0; rank < options.max_per_route; ++rank)
        for (auto& chosen : of_routes)
            if (rank < chosen.size()) all.push_back(std::move(chosen[rank]));
    co_return all;
}

asio::awaitable<void> warm_one(const candidate& c, const router& routes, double renew_below, warm_progress& p)
{
    const auto r = make_guest_request(c.target);
    routes.match(*r);
    try {
        const auto s = co_await c.via->cache->warm(*r, renew_below);
        const bool hit = s == larder::cache_status::hit_local || s == larder::cache_status::hit_shared;
        ++(s == larder::cache_status::loaded ? p.loaded : hit ? p.fresh : p.failed);
    } catch (const std::exception&) {
        ++p.failed;
    }
}

}  // namespace

asio::awaitable<warm_progress> warm(const router& routes, warm_options options,
                                    std::function<bool(const warm_progress&)> on_progress)
{
    const auto all = co_await choose(routes, options);
    warm_progress p;
    p.total = all.size();
    for (const auto& c : all) {
        if (!on_progress(p)) break;
        co_await warm_one(c, routes, options.renew_below, p);
    }
    on_progress(p);
    co_return p;
}

}  // namespace agora::http
