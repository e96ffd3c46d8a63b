// SPDX-License-Identifier: MIT
// What a response from L1 may cost: no heap allocation and at most three system calls, for every kind of reader. These
// counts do not depend on the speed of the machine, so they are a test; times are measured in bench/.
#include <fcntl.h>
#include <sys/mman.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <fstream>
#include <map>
#include <sstream>

#include "tests/e2e/accounts.hpp"

namespace agora::e2e {
namespace {

/// The file in which libcount_allocations, preloaded into the server, counts its allocations.
class allocation_counter {
 public:
    allocation_counter()
    {
        std::ofstream{path()} << std::string(sizeof(counter), '\0');
        const int file = ::open(path().c_str(), O_RDWR | O_CLOEXEC);
        memory_ = ::mmap(nullptr, sizeof(counter), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        ::close(file);
        if (memory_ == MAP_FAILED) throw std::runtime_error{"the allocation counter cannot be mapped"};
    }
    ~allocation_counter() { ::munmap(memory_, sizeof(counter)); }
    allocation_counter(const allocation_counter&) = delete;
    allocation_counter& operator=(const allocation_counter&) = delete;

    std::uint64_t count() const { return static_cast<const counter*>(memory_)->load(); }
    std::vector<std::string> settings() const
    {
        return {std::string{"LD_PRELOAD="} + COUNT_ALLOCATIONS, "ALLOCATION_COUNTER=" + path()};
    }

 private:
    using counter = std::atomic<std::uint64_t>;
    std::string path() const { return (folder_.path() / "allocations").string(); }

    larder::testing::temporary_folder folder_;
    void* memory_ = nullptr;
};

/// Attaches strace to a process and counts the system calls of all its threads until stop().
class call_counter {
 public:
    explicit call_counter(pid_t pid)
        : report_{(folder_.path() / "calls").string()},
          strace_{{"/usr/bin/env", "strace", "-f", "-c", "-o", report_, "-p", std::to_string(pid)}}
    {
        if (!strace_.wait_for_output("attached")) throw std::runtime_error{"strace: " + strace_.output()};
    }

    /// Returns the number of calls by name, and their sum as "total".
    std::map<std::string, std::uint64_t> stop()
    {
        strace_.kill(SIGINT);
        strace_.wait();
        std::map<std::string, std::uint64_t> calls;
        std::ifstream report{report_};
        for (std::string line; std::getline(report, line);) {
            std::istringstream words{line};
            const std::vector<std::string> w{std::istream_iterator<std::string>{words}, {}};
            if (w.size() >= 5 && w[3].find_first_not_of("0123456789") == std::string::npos)
                calls[w.back()] = std::stoull(w[3]);
        }
        return calls;
    }

 private:
    larder::testing::temporary_folder folder_;
    std::string report_;
    larder::testing::process strace_;
};

/// Many clients that send the same request again and again, as on a busy server.
class client_group {
 public:
    static constexpr int clients = 32;

    client_group(std::uint16_t port, std::string request, int status)
        : request_{std::move(request)}, status_{" " + std::to_string(status) + " "}
    {
        for (int n = 0; n < clients; ++n) clients_.emplace_back(port);
    }

    /// Puts the response into L1, and lets each connection allocate its buffers.
    void warm_up()
    {
        for (auto& c : clients_) c.send(request_);
        for (auto& c : clients_) c.answer(with_body());
    }

    /// Sends `rounds` requests from each client and returns their number. All must be answered from L1 with the
    /// expected status.
    std::uint64_t run(int rounds)
    {
        for (int n = 0; n < rounds; ++n) {
            for (auto& c : clients_) c.send(request_);
            for (auto& c : clients_) {
                const answer a{c.answer(with_body())};
                EXPECT_EQ(a.head.substr(8, status_.size()), status_);
                EXPECT_THAT(a.field("Cache-Status"), HasSubstr("hit"));
            }
        }
        return static_cast<std::uint64_t>(rounds) * clients;
    }

 private:
    bool with_body() const { return !request_.starts_with("HEAD"); }

    std::string request_, status_;
    std::deque<http::raw_client> clients_;
};

struct reader {
    std::string name, method, fields;
    int status = 200;
};

class hot_path : public accounts_on {
 protected:
    static constexpr const char* path = "/api/posts";

    std::unique_ptr<agora_process> serve() const
    {
        auto all = settings();
        const auto counted = allocations_.settings();
        all.insert(all.end(), counted.begin(), counted.end());
        return std::make_unique<agora_process>(data_, all);
    }

    std::vector<reader> readers()
    {
        const auto token = bearer(enroll());
        const auto key = ask("POST", "/api/api-keys", token, R"({"name":"counted"})");
        EXPECT_EQ(key.status, 201) << key.body;
        const auto tag = ask("GET", path).field("ETag");
        return {{"guest", "GET", ""},           {"cookie", "GET", cookie().first},
                {"bearer token", "GET", token}, {"API key", "GET", bearer(value_of(key, "key"))},
                {"HEAD", "HEAD", ""},           {"conditional", "GET", "If-None-Match: " + tag + "\r\n", 304}};
    }

    /// The server also allocates for heartbeats and timers, far less often than once in 10 requests. It must reach that
    /// rate soon after its start, and keep it.
    void expect_no_allocation(client_group& clients) const
    {
        const auto few = [&](int rounds) {
            const auto before = allocations_.count();
            const auto requests = clients.run(rounds);
            return allocations_.count() - before < requests / 10;
        };
        int tries = 0;
        while (!few(20) && tries < 100) ++tries;
        EXPECT_LT(tries, 100) << "every request still allocates";
        // When the cached facts of a session expire, all requests that wait for the new ones allocate. So the best of
        // three runs counts.
        EXPECT_TRUE(few(200) || few(200) || few(200));
    }

    struct calls {
        double reads = 0;
        double writes = 0;
        double waits = 0;
        double others = 0;
        std::ostringstream listed;
    };
    static calls sorted(const std::map<std::string, std::uint64_t>& counted)
    {
        calls c;
        for (const auto& [name, n] : counted) {
            c.listed << name << " " << n << "  ";
            if (name == "total") continue;
            (name.starts_with("recv")   ? c.reads
             : name.starts_with("send") ? c.writes
             : name == "epoll_wait"     ? c.waits
                                        : c.others) += static_cast<double>(n);
        }
        return c;
    }
    /// Each request may cost two reads, of which the second finds no more data, and one write. One wait serves all
    /// connections that are ready; on a busy machine fewer are ready at a time, so the best of three windows counts.
    /// Other calls are rare.
    void expect_few_calls(client_group& clients)
    {
        double requests = 0;
        calls c;
        for (int window = 0; window == 0 || (window < 3 && c.waits > 0.2 * requests); ++window) {
            call_counter counter{server_->pid()};
            requests = static_cast<double>(clients.run(60));
            c = sorted(counter.stop());
        }
        ASSERT_GT(c.reads, requests / 2) << "strace counted nothing";
        EXPECT_LE(c.reads, 2.02 * requests) << c.listed.str();
        EXPECT_LE(c.writes, 1.02 * requests) << c.listed.str();
        EXPECT_LE(c.waits, 0.5 * requests) << c.listed.str();
        EXPECT_LE(c.others, 0.1 * requests) << c.listed.str();
    }

    allocation_counter allocations_;
};

TEST_P(hot_path, a_response_from_L1_costs_no_allocation_and_three_system_calls)
{
    server_.reset();
    server_ = serve();
    for (const auto& r : readers()) {
        SCOPED_TRACE(r.name);
        client_group clients{server_->port(), request_text(r.method, path, r.fields), r.status};
        for (int n = 0; n < 10; ++n) clients.warm_up();
        expect_no_allocation(clients);
        expect_few_calls(clients);
    }
}
ACCOUNTS_SUITE(hot_path);

}  // namespace
}  // namespace agora::e2e
