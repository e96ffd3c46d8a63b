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

/// A guest's GET, which needs no admission. On the heap, because a request is large and this is a coroutine's.
std::unique_ptr<request> guests_get(std::string_view target)
{
    auto r = std::make_unique<request>();
    r->aim_at(target);
    r->admitted.known = true;
    return r;
}

/// Whether the target leads to this route and its response belongs to one of the requested regions.
bool wanted(const route& via, std::string_view target, const router& routes, const warm_order& order)
{
    const auto r = guests_get(target);
    if (routes.match(*r).found != &via) return false;
    const auto k = via.cache->key_of(*r);
    if (!k) return false;
    return order.regions.empty() ||
           std::find(order.regions.begin(), order.regions.end(), &k->region()) != order.regions.end();
}

/// All targets to load: the most popular one of each route, then the second of each, and so on.
asio::awaitable<std::vector<candidate>> choose(const router& routes, const warm_order& order)
{
    std::vector<std::vector<candidate>> of_routes;
    for (const auto& via : routes.routes()) {
        if (!via->cache || !via->popular) continue;
        const std::vector<std::string> targets = co_await via->popular(order.most);
        auto& chosen = of_routes.emplace_back();
        for (const auto& t : targets)
            if (chosen.size() < order.most && wanted(*via, t, routes, order)) chosen.push_back({via.get(), t});
    }
    std::vector<candidate> all;
    for (std::size_t rank = 0; rank < order.most; ++rank)
        for (auto& chosen : of_routes)
            if (rank < chosen.size()) all.push_back(std::move(chosen[rank]));
    co_return all;
}

asio::awaitable<void> warm_one(const candidate& c, const router& routes, double renew_below, warm_progress& p)
{
    const auto r = guests_get(c.target);
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

asio::awaitable<warm_progress> warm(const router& routes, warm_order order,
                                    std::function<bool(const warm_progress&)> go_on)
{
    const auto all = co_await choose(routes, order);
    warm_progress p;
    p.total = all.size();
    for (const auto& c : all) {
        if (!go_on(p)) break;
        co_await warm_one(c, routes, order.renew_below, p);
    }
    go_on(p);
    co_return p;
}

}  // namespace agora::http
