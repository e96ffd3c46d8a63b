// SPDX-License-Identifier: MIT
// next() returns one page. In a cluster, find_node() runs before it: it asks the node for its slots (CLUSTER NODES) at
// the beginning and at the end of each pass, and cluster_scan decides which slot's owner comes next. After a futile
// pass all loops fetch the slot map again. After an error, the next call continues where the scan was. Start with
// scan::next().
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <larder/redis/scan.hpp>
#include <larder/timeout.hpp>

#include "client_core.hpp"
#include "cluster_scan.hpp"

namespace larder::redis {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::milliseconds longest_wait_for_slot{500};  // between two attempts, while a slot is being moved

asio::awaitable<void> refresh_topology_of(detail::loop_client& l)
{
    l.transport().lost_master();
    co_return;
}

}  // namespace

struct scan::of_cluster {
    enum class phase : unsigned char { begin, pages, end };
    cluster_scan plan;
    std::uint16_t slot = 0;  ///< its owner is being scanned
    phase now = phase::begin;
};

scan::scan(client& c, const scan_options& o, std::string_view command)
    : client_{c}, command_{command}, key_{o.key}, match_{o.match}, count_{o.count}
{
    // HSCAN, SSCAN and ZSCAN run at the node of their key. SCAN must visit all masters of a cluster.
    if (key_.empty() && c.settings().kind == deployment::cluster) cluster_ = std::make_unique<of_cluster>();
}
scan::~scan() = default;
scan::scan(scan&&) noexcept = default;

asio::awaitable<reply<std::optional<std::vector<std::string>>>> scan::next()
{
    using batch = std::optional<std::vector<std::string>>;
    if (done_) co_return batch{};
    if (cluster_) {
        const auto ready = co_await find_node();
        if (!ready) co_return ready.error();
        if (done_) co_return batch{};
    }
    std::vector<std::string_view> options;
    if (!key_.empty()) options.emplace_back(key_);
    options.emplace_back(cursor_);
    if (!match_.empty()) options.insert(options.end(), {"MATCH", match_});
    const auto count = std::to_string(count_);
    options.insert(options.end(), {"COUNT", count});
    request r{command_, options};
    if (cluster_) r.to_slot(cluster_->slot);
    auto answer = co_await client_.exec<std::pair<std::string, std::vector<std::string>>>(std::move(r));
    if (!answer) co_return answer.error();
    cursor_ = answer->first;
    if (cursor_ == "0" && cluster_) {
        cluster_->now = of_cluster::phase::end;
    } else if (cursor_ == "0") {
        done_ = true;
    }
    co_return batch{std::move(answer->second)};
}

/// Called before each page: moves on to the next node when one has been scanned, and sets done_ after the last.
asio::awaitable<reply<void>> scan::find_node()
{
    auto& c = *cluster_;
    while (c.now != of_cluster::phase::pages) {
        if (c.now == of_cluster::phase::begin) {
            const auto slot = c.plan.next();
            done_ = !slot;
            if (done_) co_return reply<void>{};
            c.slot = *slot;
            if (c.plan.futile() == cluster_scan::max_futile) {
                c.plan.reset_futile();
                co_return error{outcome::not_sent, errc::unavailable,
                                "the cluster's slot " + std::to_string(c.slot) +
                                    " was being moved, or had no owner, for too long to be scanned"};
            }
            if (c.plan.futile() > 0)
                co_await sleep_for(std::min(longest_wait_for_slot, std::chrono::milliseconds{10 << c.plan.futile()}));
        }
        request question{"CLUSTER NODES"};
        question.to_slot(c.slot).idempotent();
        const auto nodes = co_await client_.exec<std::string>(std::move(question));
        if (!nodes) co_return nodes.error();
        auto view = parse_nodes(*nodes);
        if (!view) co_return error{outcome::ok, errc::malformed, "CLUSTER NODES does not list the node itself"};
        bool useful = false;
        if (c.now == of_cluster::phase::begin) {
            useful = c.plan.begin(*std::move(view));
            if (useful) c.now = of_cluster::phase::pages;
        } else {
            useful = c.plan.end(*view);
            c.now = of_cluster::phase::begin;
        }
        cursor_ = "0";
        if (!useful) co_await refresh_topology();
    }
    co_return reply<void>{};
}

asio::awaitable<void> scan::refresh_topology()
{
    for (const auto& l : client_access::core(client_).clients) {
        auto refreshing = refresh_topology_of(*l);
        co_await asio::co_spawn(l->executor(), std::move(refreshing), asio::use_awaitable);
    }
}

}  // namespace larder::redis
