// SPDX-License-Identifier: MIT
// SIGTERM under load: every request that was sent before the signal is answered, including pipelined ones and those on
// connections that are still in the listen backlog.
#include <gtest/gtest.h>

#include "tests/e2e/agora_process.hpp"

#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

namespace agora::e2e {
namespace {

constexpr int pipelined = 4;

struct load {
    std::atomic<bool> signalled = false;
    std::atomic<long> answered = 0;
    std::atomic<long> lost = 0;
};

/// Sends batches until the server closes the connection. A batch that was sent completely before the signal must be
/// answered completely.
void send_batches(std::uint16_t port, const std::string& target, load& l)
{
    try {
        std::string batch;
        for (int i = 0; i < pipelined; ++i) batch += request_text("GET", target);
        http::raw_client client{port};
        for (;;) {
            client.send(batch);
            const bool must_answer = !l.signalled;
            for (int i = 0; i < pipelined; ++i) {
                const auto a = client.answer();
                if (a.empty()) {
                    if (must_answer) l.lost += pipelined - i;
                    return;
                }
                ++l.answered;
            }
        }
    } catch (const boost::system::system_error&) {
        // The server closed the connection between two batches.
    }
}

TEST(stop, under_load_loses_no_request_that_was_sent_before_it)
{
    const community c{"sqlite"};
    for (int round = 0; round < 5; ++round) {
        agora_process server{c};
        load l;
        std::vector<std::jthread> clients;
        for (int i = 0; i < 24; ++i) {
            clients.emplace_back(
                [&, i] { send_batches(server.port(), i % 3 == 0 ? "/api/posts?limit=5" : "/api/health", l); });
        }
        while (l.answered < 2000) std::this_thread::yield();
        // Connections that nobody may have accepted yet, each with a request.
        std::vector<std::unique_ptr<http::raw_client>> fresh;
        for (int i = 0; i < 50; ++i) {
            fresh.push_back(std::make_unique<http::raw_client>(server.port()));
            fresh.back()->send(request_text("GET", "/api/version"));
        }
        l.signalled = true;
        const auto begin = std::chrono::steady_clock::now();
        server.signal(SIGTERM);
        for (auto& f : fresh) EXPECT_EQ(answer{f->answer()}.status, 200);
        fresh.clear();
        clients.clear();
        EXPECT_EQ(server.wait(), 0) << server.output();
        EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{10});
        EXPECT_EQ(l.lost, 0) << "of " << l.answered;
    }
}

}  // namespace
}  // namespace agora::e2e
