// SPDX-License-Identifier: MIT
// The time to write a page of 20 posts as JSON: larder::json compared with Boost.JSON on the same structs. The
// Boost.JSON benchmark first checks that both write the same document.
#include <benchmark/benchmark.h>
#include <agora/features/posts/posts.hpp>
#include <boost/json.hpp>
#include <larder/json.hpp>
#include <larder/rfc3339.hpp>

namespace boost::json {

/// Writes times as agora does. Boost.JSON converts the other members by Boost.Describe.
void tag_invoke(value_from_tag /*unused*/, value& out, larder::timestamp t) { out = larder::to_rfc3339(t); }

}  // namespace boost::json

namespace {

using posts = std::vector<agora::posts::post_summary>;

posts page()
{
    posts all(20);
    for (std::size_t i = 0; i < all.size(); ++i) {
        auto& p = all[i];
        p.id = 400 + static_cast<std::int64_t>(i);
        p.title = "How do I \"true\" a wheel that has been hit by a car, and is it worth it?";
        p.excerpt = std::string(40, 'x') + " caf\xc3\xa9 \"quoted\" and a path C:\\wheels\n" + std::string(200, 'y');
        p.category = "bicycles.meta";
        p.tags = {"discussion", "wheels"};
        p.author.id = 800;
        p.author.username = "jimchristie";
        p.likes = 6;
        p.views = 1234 + static_cast<std::int64_t>(i);
        p.comments = 3;
        p.version = 1;
        p.created_at = p.updated_at = larder::timestamp{std::chrono::milliseconds{1'691'090'577'377}};
    }
    return all;
}

void larder_append(benchmark::State& state)
{
    const auto all = page();
    std::string out;
    for (auto _ : state) {
        out.clear();
        larder::json::append(out, all);
        benchmark::DoNotOptimize(out.data());
    }
    state.counters["bytes"] = static_cast<double>(out.size());
}
BENCHMARK(larder_append);

/// Makes a new string for each page, as boost::json::serialize() does.
void larder_to_string(benchmark::State& state)
{
    const auto all = page();
    for (auto _ : state) benchmark::DoNotOptimize(larder::json::to_string(all));
}
BENCHMARK(larder_to_string);

void boost_json_serialize(benchmark::State& state)
{
    const auto all = page();
    if (boost::json::parse(larder::json::to_string(all)) != boost::json::value_from(all)) {
        state.SkipWithError("larder and Boost.JSON do not write the same document");
        return;
    }
    for (auto _ : state) benchmark::DoNotOptimize(boost::json::serialize(boost::json::value_from(all)));
}
BENCHMARK(boost_json_serialize);

}  // namespace
