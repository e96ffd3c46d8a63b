// SPDX-License-Identifier: MIT
// Hit ratios of the local cache on real traces (data/traces, CC BY 4.0). They must equal the values in hit_ratios.tsv,
// so that a change of the policy is noticed, and be at most half a point below those of a simulator of S3-FIFO.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <larder/local_cache.hpp>
#include <larder/testing/process.hpp>
#include <map>
#include <sstream>
#include <vector>

namespace larder {
namespace {

std::vector<std::uint64_t> read_trace(const std::string& name)
{
    static std::map<std::string, std::vector<std::uint64_t>> known;
    auto& keys = known[name];
    if (!keys.empty()) return keys;
    const testing::temporary_folder folder;
    const auto plain = (folder.path() / "trace").string();
    testing::run_program({"/bin/sh", "-c", "xz -dc " TRACES "/" + name + ".xz > " + plain});
    std::ifstream in{plain, std::ios::binary};
    for (std::uint64_t key = 0; in.read(reinterpret_cast<char*>(&key), sizeof key);) keys.push_back(key);
    return keys;
}

double hit_percent(const std::vector<std::uint64_t>& keys, std::size_t capacity, std::size_t shards)
{
    local_cache<char> cache{{.capacity = capacity, .shards = shards, .seed = 1, .count_entries = true}};
    const auto value = std::make_shared<const char>('x');
    std::size_t hits = 0;
    for (const auto key : keys) {
        const std::string_view bytes{reinterpret_cast<const char*>(&key), sizeof key};
        if (cache.with(bytes, [](char) {})) {
            ++hits;
        } else {
            cache.set(bytes, value);
        }
    }
    return 100.0 * static_cast<double>(hits) / static_cast<double>(keys.size());
}

struct line {
    std::string trace;
    std::size_t capacity = 0;
    double s3fifo = 0;
    double one_shard = 0;
    double eight_shards = 0;
};

std::vector<line> expected()
{
    std::vector<line> all;
    std::ifstream in{TRACES "/hit_ratios.tsv"};
    for (std::string text; std::getline(in, text);) {
        if (text.empty() || text[0] == '#') continue;
        std::istringstream words{text};
        line l;
        words >> l.trace >> l.capacity >> l.s3fifo >> l.one_shard >> l.eight_shards;
        all.push_back(l);
    }
    return all;
}

TEST(hit_ratios, are_those_of_s3_fifo_or_better_and_exactly_the_committed_ones)
{
    const auto lines = expected();
    ASSERT_GE(lines.size(), 10U);
    for (const auto& l : lines) {
        const auto keys = read_trace(l.trace);
        const auto one = hit_percent(keys, l.capacity, 1);
        const auto eight = hit_percent(keys, l.capacity, 8);
        std::printf("%s\t%zu\t%.2f\t%.2f\t%.2f\n", l.trace.c_str(), l.capacity, l.s3fifo, one, eight);
        EXPECT_NEAR(one, l.one_shard, 0.01) << l.trace << ' ' << l.capacity;
        EXPECT_NEAR(eight, l.eight_shards, 0.01) << l.trace << ' ' << l.capacity;
        EXPECT_GE(one, l.s3fifo - 0.5) << l.trace << ' ' << l.capacity;
        EXPECT_TRUE(l.capacity < 2500 || eight >= one - 1.0) << l.trace << ' ' << l.capacity;
    }
}

}  // namespace
}  // namespace larder
