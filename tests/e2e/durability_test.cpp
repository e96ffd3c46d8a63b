// SPDX-License-Identifier: MIT
// kill -9 during writes: each post that was acknowledged with 201 exists after the restart, and the counters agree.
#include <gtest/gtest.h>

#include "tests/e2e/agora_process.hpp"

#include <atomic>
#include <csignal>
#include <mutex>
#include <thread>

namespace agora::e2e {
namespace {

/// The posts whose creation was acknowledged. Thread-safe while they are added.
class acknowledged {
 public:
    void add(std::string location, std::string title)
    {
        const std::scoped_lock lock{mutex_};
        posts_.emplace_back(std::move(location), std::move(title));
        ++count;
    }
    const std::vector<std::pair<std::string, std::string>>& posts() const { return posts_; }
    std::atomic<std::size_t> count = 0;

 private:
    std::mutex mutex_;
    std::vector<std::pair<std::string, std::string>> posts_;
};

void write_posts(std::uint16_t port, const std::string& name, acknowledged& done)
{
    try {
        http::raw_client client{port};
        for (int i = 0;; ++i) {
            const auto title = name + "-" + std::to_string(i);
            client.send(request_text("POST", "/api/posts", as_operator,
                                     R"({"title":")" + title + R"(","body":"b","tags":["killed"]})"));
            const answer a{client.answer()};
            if (a.status != 201) return;
            done.add(a.field("Location"), title);
        }
    } catch (const std::exception&) {
        // The server was killed.
    }
}

class kill_9 : public ::testing::TestWithParam<const char*> {};

TEST_P(kill_9, during_writes_loses_no_acknowledged_one)
{
    const community c{GetParam()};
    acknowledged done;
    for (int round = 0; round < 4; ++round) {
        agora_process server{c, {}, false};
        {
            std::vector<std::jthread> writers;
            for (int i = 0; i < 8; ++i) {
                writers.emplace_back(
                    [&, i] { write_posts(server.port(), std::to_string(round) + "." + std::to_string(i), done); });
            }
            const auto enough = done.count + 100 + static_cast<std::size_t>(37 * round);
            while (done.count < enough) std::this_thread::yield();
            server.signal(SIGKILL);
        }
        EXPECT_EQ(server.wait(), 128 + SIGKILL);
    }
    agora_process server{c, {}, false};
    http::raw_client client{server.port()};
    for (const auto& [location, title] : done.posts()) {
        const answer a{client.get(location)};
        ASSERT_EQ(a.status, 200) << location;
        ASSERT_NE(a.body.find("\"title\":\"" + title + "\""), std::string::npos) << location;
    }
    // Unacknowledged posts may exist too, but completely: the counters agree with the rows.
    const answer author{client.get("/api/users/by-name/agora")};
    const answer listed{client.get("/api/posts?tag=killed&include_total=1&limit=1")};
    EXPECT_EQ(values_of(author.body, "posts"), values_of(listed.body, "total"));
    EXPECT_GE(std::stoul(values_of(listed.body, "total").at(0)), done.posts().size());
}

INSTANTIATE_TEST_SUITE_P(on, kill_9, ::testing::Values("sqlite", "postgresql"),
                         [](const auto& one) { return std::string{one.param}; });

}  // namespace
}  // namespace agora::e2e
