// SPDX-License-Identifier: MIT
// Kills a writing process with SIGKILL: at each step between writing the outbox row in the transaction and answering
// the client, and at random moments. The other process must show the state of the database within the staleness bound.
#include <gtest/gtest.h>
#include <larder/testing/redis_server.hpp>

#include <atomic>
#include <csignal>
#include <fstream>
#include <random>
#include <thread>

#include "tests/e2e/agora_process.hpp"

namespace agora::e2e {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto bound = 3s;

class kill_test : public ::testing::Test {
 protected:
    kill_test()
    {
        for (const auto& s : data_.settings())
            if (s.starts_with("DATABASE_URL=")) url_ = s.substr(13);
        here_ = std::make_unique<agora_process>(data_, settings(), false);
        const auto made = call(here_->port(), "POST", "/api/posts", as_operator, R"({"title":"old 0","body":"b"})");
        EXPECT_EQ(made.status, 201) << made.body;
    }
    std::vector<std::string> settings(std::vector<std::string> more = {}) const
    {
        more.push_back("REDIS_URL=" + redis_.url());
        return more;
    }
    /// The title of the post in the database.
    std::string title_in_database() const
    {
        larder::testing::process p{{"/usr/bin/psql", url_, "-Atc", "SELECT title FROM posts WHERE id = 1"}};
        p.wait();
        const auto out = p.output();
        return out.substr(0, out.find('\n'));
    }
    std::string title_served() const
    {
        const auto titles = values_of(call(here_->port(), "GET", "/api/posts/1").body, "title");
        return titles.empty() ? "" : titles[0].substr(1, titles[0].size() - 2);
    }
    /// Sends the change. Returns false when the process died before it answered.
    static bool write(std::uint16_t port, const std::string& title)
    {
        try {
            return call(port, "PATCH", "/api/posts/1", as_operator + "If-Match: *\r\n",
                        R"({"title":")" + title + R"("})")
                       .status == 200;
        } catch (const std::exception&) {
            return false;
        }
    }
    void expect_database_state_within_the_bound(steady_clock::time_point death, const std::string& what)
    {
        const auto expected = title_in_database();
        auto now = title_served();
        while (now != expected && steady_clock::now() < death + bound) now = title_served();
        EXPECT_EQ(now, expected) << what;
    }

    larder::testing::redis_server redis_;
    community data_{"postgresql"};
    std::string url_;
    std::unique_ptr<agora_process> here_;
};

TEST_F(kill_test, at_each_step_of_a_write)
{
    for (const std::string step : {"row_written", "committed", "forgotten", "unlinked"}) {
        const auto when = data_.folder() / ("die-at-" + step);
        agora_process other{data_, settings({"DIE_AT=" + step, "DIE_WHEN=" + when.string()}), false, WITH_POINTS};
        ASSERT_TRUE(write(other.port(), "before " + step));
        expect_database_state_within_the_bound(steady_clock::now(), "before " + step);
        std::ofstream{when} << "now";
        EXPECT_FALSE(write(other.port(), "at " + step));
        const auto death = steady_clock::now();
        EXPECT_EQ(other.wait(), 128 + SIGKILL);
        EXPECT_EQ(title_in_database(), (step == "row_written" ? "before " : "at ") + step);
        expect_database_state_within_the_bound(death, "at " + step);
    }
}

TEST_F(kill_test, at_200_random_moments)
{
    std::mt19937_64 random{20261121};
    int committed = 0;
    for (int round = 0; round < 200; ++round) {
        agora_process other{data_, settings(), false};
        std::atomic<int> answered = 0;
        std::jthread writer{[&] {
            for (int i = 0; write(other.port(), std::to_string(round) + "." + std::to_string(i)); ++i) ++answered;
        }};
        const auto until = steady_clock::now() + std::chrono::microseconds{random() % 40'000};
        while (steady_clock::now() < until || answered == 0) title_served();
        other.signal(SIGKILL);
        const auto death = steady_clock::now();
        writer.join();
        other.wait();
        committed += title_in_database().starts_with(std::to_string(round) + ".") ? 1 : 0;
        expect_database_state_within_the_bound(death, "round " + std::to_string(round));
        if (HasFailure()) break;
    }
    EXPECT_GT(committed, 0);
}

}  // namespace
}  // namespace agora::e2e
