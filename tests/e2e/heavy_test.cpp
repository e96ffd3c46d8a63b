// SPDX-License-Identifier: MIT
// Expensive requests delay other requests only briefly, even on a server with a single event loop.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <random>
#include <thread>

#include "tests/e2e/accounts.hpp"

namespace agora::e2e {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

std::string repeated(std::string_view part, std::size_t times)
{
    std::string out;
    for (std::size_t i = 0; i < times; ++i) out += part;
    return out;
}

/// Random words, which compress about as badly as prose.
std::string prose(std::size_t size, unsigned seed)
{
    std::minstd_rand random{seed};
    std::string out;
    while (out.size() < size) {
        for (auto letters = 2 + random() % 8; letters > 0; --letters) out += static_cast<char>('a' + random() % 26);
        out += ' ';
    }
    out.resize(size);
    return out;
}

class one_loop : public accounts_on {
 protected:
    one_loop() : accounts_on{{"LOOPS=1"}} {}

    /// The longest time that a request for a cached page takes while `work` runs. Of five rounds the shortest counts:
    /// other load on the machine may slow down a single round, a blocked event loop slows down every one.
    template <class Work>
    steady_clock::duration longest_wait_during(Work work)
    {
        auto least = steady_clock::duration::max();
        for (int round = 0; round < 5; ++round) {
            http::raw_client reader{server_->port()};
            std::atomic<bool> done = false;
            std::thread worker{[&] {
                work();
                done = true;
            }};
            auto longest = steady_clock::duration::zero();
            while (!done) {
                const auto begin = steady_clock::now();
                const answer a{reader.get("/api/categories")};
                longest = std::max(longest, steady_clock::now() - begin);
                EXPECT_EQ(a.status, 200);
            }
            worker.join();
            least = std::min(least, longest);
        }
        return least;
    }
};

TEST_P(one_loop, the_most_expensive_texts_delay_nobody)
{
    const auto token = bearer(enroll());
    // Just within and just beyond the limits of what is rendered.
    const std::vector<std::string> texts{
        repeated("*a", 8'500),
        repeated("*a", 40'000),
        "[a]: " + repeated("x", 1'000) + "\\n\\n" + repeated("[a] ", 1'900),
        repeated("> ", 99) + "a\\n" + repeated("\\n", 50'000),
        repeated("- ", 99) + "a" + repeated("\\n", 50'000),
        repeated("- ", 20'000) + repeated("\\n", 50'000),
        repeated("`a", 20'000),
        repeated("|a", 300) + "|\\n" + repeated("|-", 300) + "|\\n" + repeated("|\\n", 300),
    };
    const auto longest = longest_wait_during([&] {
        for (const auto& text : texts) {
            const auto a = ask("POST", "/api/posts", token, R"({"title":"costly","body":")" + text + "\"}");
            EXPECT_TRUE(a.status == 201 || a.status == 422) << a.status << a.body.substr(0, 200);
        }
    });
    EXPECT_LT(longest, 50ms);
}

TEST_P(one_loop, the_largest_pages_delay_nobody)
{
    const auto token = bearer(enroll());
    ASSERT_EQ(ask("POST", "/api/posts", token, R"({"title":"long","body":"talk"})").status, 201);
    for (unsigned i = 1; i <= 40; ++i) {
        const auto comment = R"({"body":")" + prose(19'900, i) + "\"}";
        ASSERT_EQ(ask("POST", "/api/posts/1/comments", token, comment).status, 201);
    }
    const auto longest = longest_wait_during([&] {
        for (const auto* coding : {"br", "gzip", "identity"}) {
            // The write invalidates the page, so that it is made and compressed again.
            EXPECT_EQ(ask("POST", "/api/posts/1/comments", token, R"({"body":"one more"})").status, 201);
            const auto page =
                ask("GET", "/api/posts/1/comments?limit=100", "Accept-Encoding: " + std::string{coding} + "\r\n");
            EXPECT_EQ(page.status, 200);
            EXPECT_GT(page.body.size(), 100'000U) << coding;
        }
    });
    EXPECT_LT(longest, 50ms);
}

ACCOUNTS_SUITE(one_loop);

}  // namespace
}  // namespace agora::e2e
