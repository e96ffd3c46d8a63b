// SPDX-License-Identifier: MIT
// Tests what other tests rely on: servers and groups start, crash and come back, and the proxy keeps its promises.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <future>
#include <larder/testing/fault_proxy.hpp>
#include <larder/testing/redis_groups.hpp>
#include <larder/testing/redis_server.hpp>
#include <thread>

namespace larder::testing {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// A blocking socket. No read takes longer than ten seconds.
class plain_socket {
 public:
    explicit plain_socket(int s) : socket_{s} { limit_reads(10s); }
    plain_socket(plain_socket&& other) noexcept : socket_{std::exchange(other.socket_, -1)} {}
    plain_socket& operator=(plain_socket&&) = delete;
    ~plain_socket()
    {
        if (socket_ >= 0) ::close(socket_);
    }

    static plain_socket to(unsigned short port)
    {
        plain_socket s{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        const auto at = loopback(port);
        if (connect(s.socket_, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) s.error_ = errno;
        return s;
    }
    static sockaddr_in loopback(unsigned short port)
    {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_port = htons(port);
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return at;
    }

    void limit_reads(std::chrono::microseconds limit) const
    {
        const timeval t{.tv_sec = limit / 1s, .tv_usec = (limit % 1s).count()};
        setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
    }
    bool send(const std::string& text) const
    {
        for (std::size_t done = 0; done < text.size();) {
            const auto n = ::send(socket_, text.data() + done, text.size() - done, MSG_NOSIGNAL);
            if (n <= 0) return false;
            done += static_cast<std::size_t>(n);
        }
        return true;
    }
    /// One read. "" means the end of the stream or an error; error() tells which.
    std::string read_some(std::size_t most = 65536)
    {
        std::string out(most, '\0');
        const auto n = recv(socket_, out.data(), most, 0);
        error_ = n < 0 ? errno : 0;
        out.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
        return out;
    }
    /// Reads `n` bytes, or fewer if the stream ends before.
    std::string read(std::size_t n)
    {
        std::string out;
        while (out.size() < n) {
            const auto more = read_some(n - out.size());
            if (more.empty()) break;
            out += more;
        }
        return out;
    }
    int error() const { return error_; }
    int handle() const { return socket_; }

 private:
    int socket_;
    int error_ = 0;
};

/// A listening socket: the test itself is the server behind the proxy.
class listener {
 public:
    listener()
    {
        auto at = plain_socket::loopback(0);
        socklen_t size = sizeof at;
        EXPECT_EQ(bind(socket_.handle(), reinterpret_cast<sockaddr*>(&at), size), 0);
        EXPECT_EQ(listen(socket_.handle(), 16), 0);
        getsockname(socket_.handle(), reinterpret_cast<sockaddr*>(&at), &size);
        port_ = ntohs(at.sin_port);
    }
    unsigned short port() const { return port_; }
    plain_socket accept() const { return plain_socket{::accept(socket_.handle(), nullptr, nullptr)}; }

 private:
    plain_socket socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    unsigned short port_ = 0;
};

class proxy_test : public ::testing::Test {
 protected:
    std::pair<plain_socket, plain_socket> connect()
    {
        auto client = plain_socket::to(proxy.port());
        return {std::move(client), server.accept()};
    }

    listener server;
    fault_proxy proxy{server.port()};
};

TEST_F(proxy_test, both_directions_are_broken_at_once_and_counted_together)
{
    auto [client, peer] = connect();
    proxy.black_hole(direction::both);
    client.send("abc");
    peer.send("defg");
    client.limit_reads(50ms);
    peer.limit_reads(50ms);
    EXPECT_EQ(client.read(1), "");
    EXPECT_EQ(peer.read(1), "");
    client.limit_reads(10s);
    peer.limit_reads(10s);
    proxy.heal();
    EXPECT_EQ(client.read(4), "defg");
    EXPECT_EQ(peer.read(3), "abc");
    wait_for("all are counted", [&] { return proxy.bytes(direction::both) == 7; });
}

TEST_F(proxy_test, a_cut_counts_each_connection_separately_from_the_call_on)
{
    auto [one, one_peer] = connect();
    auto [two, two_peer] = connect();
    one.send("before");
    EXPECT_EQ(one_peer.read(6), "before");
    proxy.cut_after(direction::to_server, 5);
    one.send("1234");
    EXPECT_EQ(one_peer.read(4), "1234");
    two.send("1234");
    EXPECT_EQ(two_peer.read(4), "1234");  // eight in all, but no connection is cut
    two.send("5678");
    EXPECT_EQ(two_peer.read(4), "5");
    EXPECT_EQ(two_peer.error(), ECONNRESET);
    EXPECT_EQ(two.read_some(), "");
    EXPECT_EQ(two.error(), ECONNRESET);
    one.send("5678");  // the cut is used up
    EXPECT_EQ(one_peer.read(4), "5678");
}

TEST_F(proxy_test, a_cut_behind_many_bytes_loses_none_of_them)
{
    constexpr std::size_t size = 3'000'000;
    auto [client, peer] = connect();
    proxy.cut_after(direction::to_client, size);
    auto sender = std::async(std::launch::async, [&from = peer] { from.send(std::string(2 * size, 'x')); });
    EXPECT_EQ(client.read(2 * size).size(), size);
    EXPECT_EQ(client.error(), ECONNRESET);
    sender.wait();
}

TEST_F(proxy_test, delayed_or_throttled_bytes_are_forwarded_at_once_after_heal)
{
    auto [client, peer] = connect();
    proxy.delay(direction::to_client, 1h);
    peer.send("delayed ");
    client.limit_reads(50ms);
    EXPECT_EQ(client.read(1), "");
    client.limit_reads(10s);
    proxy.throttle(direction::to_server, 1);
    client.send("slow");
    EXPECT_EQ(peer.read(1), "s");
    const auto begin = clock::now();
    proxy.heal();
    EXPECT_EQ(peer.read(3), "low");
    EXPECT_EQ(client.read(8), "delayed ");
    EXPECT_LT(clock::now() - begin, 900ms);
}

TEST_F(proxy_test, delayed_pieces_keep_their_order)
{
    auto [client, peer] = connect();
    proxy.delay(direction::to_server, 30ms);
    std::string all;
    for (int i = 0; i < 200; ++i) {
        const auto piece = std::to_string(i) + ",";
        all += piece;
        client.send(piece);
    }
    const auto begin = clock::now();
    EXPECT_EQ(peer.read(all.size()), all);
    EXPECT_GE(clock::now() - begin, 20ms);
}

TEST_F(proxy_test, pieces_arrive_one_by_one)
{
    auto [client, peer] = connect();
    proxy.split(direction::to_server, 3);
    proxy.throttle(direction::to_server, 100);  // otherwise the reader would find several at once
    client.send("abcdefgh");
    for (const std::size_t most : {3U, 3U, 2U}) {
        const auto piece = peer.read_some();
        EXPECT_FALSE(piece.empty());
        EXPECT_LE(piece.size(), most);
    }
}

TEST_F(proxy_test, closing_sends_fin_even_with_unread_bytes)
{
    auto [client, peer] = connect();
    proxy.black_hole(direction::both);
    client.send("unread");
    peer.send("unread");
    // On loopback, the bytes are in the proxy's socket when send() returns.
    proxy.close_all();
    EXPECT_EQ(client.read_some(), "");
    EXPECT_EQ(client.error(), 0);
    EXPECT_EQ(peer.read_some(), "");
    EXPECT_EQ(peer.error(), 0);
    EXPECT_TRUE(proxy.wait_for_connections(0));
}

TEST_F(proxy_test, a_reset_reaches_both_sides_and_new_connections)
{
    auto [client, peer] = connect();
    auto fresh = plain_socket::to(proxy.port());
    proxy.reset_all();
    for (auto* s : {&client, &peer, &fresh}) {
        EXPECT_EQ(s->read_some(), "");
        EXPECT_EQ(s->error(), ECONNRESET);
    }
    EXPECT_EQ(proxy.connections(), 0U);
    EXPECT_EQ(proxy.accepted(), 2U);
}

TEST_F(proxy_test, refuses_and_listens_again_on_its_port_repeatedly)
{
    for (int i = 0; i < 50; ++i) {
        auto [client, peer] = connect();
        EXPECT_EQ(client.error(), 0);
        proxy.refuse();
        EXPECT_EQ(client.read_some(), "");
        EXPECT_EQ(client.error(), ECONNRESET);
        EXPECT_EQ(plain_socket::to(proxy.port()).error(), ECONNREFUSED);
        proxy.heal();
    }
}

TEST_F(proxy_test, a_refused_port_is_given_to_nobody_else)
{
    proxy.refuse();
    for (int i = 0; i < 1000; ++i) ASSERT_NE(free_port(), proxy.port());
}

TEST_F(proxy_test, a_side_that_does_not_read_blocks_the_other)
{
    auto [client, peer] = connect();
    proxy.delay(direction::to_server, 1h);
    const timeval t{.tv_sec = 0, .tv_usec = 300'000};
    setsockopt(client.handle(), SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
    // More than the proxy may queue and the kernel's buffers can hold together.
    EXPECT_FALSE(client.send(std::string(64 << 20, 'x')));
    proxy.heal();
    EXPECT_EQ(peer.read(1 << 20).size(), 1U << 20);
}

TEST_F(proxy_test, new_connections_go_to_the_new_target_and_old_ones_stay)
{
    const listener other;
    auto [client, peer] = connect();
    proxy.retarget(other.port());
    auto next = plain_socket::to(proxy.port());
    auto next_peer = other.accept();
    next.send("new");
    client.send("old");
    EXPECT_EQ(next_peer.read(3), "new");
    EXPECT_EQ(peer.read(3), "old");
}

TEST_F(proxy_test, waits_for_connections_to_come_and_go)
{
    EXPECT_FALSE(proxy.wait_for_connections(1, 20ms));
    {
        auto [client, peer] = connect();
        EXPECT_TRUE(proxy.wait_for_connections(1));
    }
    EXPECT_TRUE(proxy.wait_for_connections(0));
    EXPECT_EQ(proxy.accepted(), 1U);
}

TEST_F(proxy_test, closing_one_direction_leaves_the_other_open)
{
    auto [client, peer] = connect();
    client.send("question");
    ::shutdown(client.handle(), SHUT_WR);
    EXPECT_EQ(peer.read(100), "question");
    peer.send("answer");
    EXPECT_EQ(client.read(6), "answer");
}

TEST(redis_server_test, replies_over_both_sockets_and_reports_errors)
{
    auto& server = redis_server::shared();
    EXPECT_EQ(server.command({"SET", "k", "a\r\nb"}), "OK");
    EXPECT_EQ(server.command({"MGET", "k", "none"}), "a\r\nb\n(nil)");
    EXPECT_THROW(server.command({"INCR", "k"}), std::runtime_error);
    EXPECT_EQ(server.url(), "redis://127.0.0.1:" + std::to_string(server.port()));
    auto tcp = plain_socket::to(server.port());
    tcp.send("PING\r\n");
    EXPECT_EQ(tcp.read(7), "+PONG\r\n");
    EXPECT_NE(server.command({"INFO", "server"}).find("process_id:" + std::to_string(server.pid())), std::string::npos);
}

TEST(redis_server_test, restarts_after_a_crash_empty_or_from_its_append_only_file)
{
    for (const bool appendonly : {false, true}) {
        redis_server server{{.arguments = {}, .tls = false, .appendonly = appendonly}};
        const auto port = server.port();
        server.command({"SET", "k", "v"});
        server.crash();
        server.crash();  // a second time has no effect
        EXPECT_THROW(server.command({"PING"}), std::runtime_error);
        EXPECT_EQ(plain_socket::to(port).error(), ECONNREFUSED);
        server.start();
        EXPECT_EQ(server.port(), port);
        EXPECT_EQ(server.command({"GET", "k"}), appendonly ? "v" : "(nil)");
    }
}

TEST(redis_server_test, waits_for_its_port_when_it_starts_again)
{
    redis_server server;
    server.crash();
    // Processes must start on this thread (see process), so the socket that occupies the port is closed by another
    // thread.
    auto occupant = std::make_unique<plain_socket>(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto at = plain_socket::loopback(server.port());
    const int yes = 1;
    setsockopt(occupant->handle(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    ASSERT_EQ(bind(occupant->handle(), reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
    ASSERT_EQ(listen(occupant->handle(), 1), 0);
    std::thread release_later{[&] {
        std::this_thread::sleep_for(200ms);
        occupant.reset();
    }};
    server.start();
    release_later.join();
    EXPECT_EQ(server.command({"PING"}), "PONG");
}

TEST(redis_server_test, a_paused_server_replies_when_it_is_resumed)
{
    const redis_server server;
    auto tcp = plain_socket::to(server.port());
    server.pause();
    tcp.send("PING\r\n");
    tcp.limit_reads(50ms);
    EXPECT_EQ(tcp.read_some(), "");
    EXPECT_EQ(tcp.error(), EAGAIN);
    server.resume();
    tcp.limit_reads(10s);
    EXPECT_EQ(tcp.read(7), "+PONG\r\n");
}

TEST(redis_server_test, reports_why_it_did_not_start)
{
    try {
        const redis_server server{{.arguments = {"--maxmemory", "nonsense"}, .tls = false, .appendonly = false}};
        FAIL() << "the server started";
    } catch (const std::runtime_error& e) {
        EXPECT_NE(std::string{e.what()}.find("maxmemory"), std::string::npos) << e.what();
    }
}

/// Runs PING with redis-cli over TLS. False if it gets no reply.
bool ping_over_tls(const redis_server& server, const std::string& authority, bool certificate)
{
    std::vector<std::string> command{
        "/usr/bin/redis-cli",   "--tls", "-h", "127.0.0.1", "-p", std::to_string(server.port()), "--cacert",
        server.file(authority), "-e"};
    if (certificate)
        command.insert(command.end(), {"--cert", server.file("client.crt"), "--key", server.file("client.key")});
    command.emplace_back("PING");
    process cli{command};
    return cli.wait() == 0 && cli.wait_for_output("PONG");
}

TEST(redis_server_test, accepts_tls_clients_that_trust_its_authority)
{
    const redis_server server{{.arguments = {}, .tls = true, .appendonly = false}};
    EXPECT_EQ(server.url(), "rediss://127.0.0.1:" + std::to_string(server.port()));
    EXPECT_TRUE(ping_over_tls(server, "ca.crt", false));
    EXPECT_TRUE(ping_over_tls(server, "ca.crt", true));
    EXPECT_FALSE(ping_over_tls(server, "other_ca.crt", false));
    for (const std::string name : {"127.0.0.1", "localhost"}) {
        const std::string check = name == "localhost" ? "-verify_hostname" : "-verify_ip";
        EXPECT_NO_THROW(run_program(
            {"/usr/bin/openssl", "verify", "-CAfile", server.file("ca.crt"), check, name, server.file("server.crt")}));
    }
    EXPECT_EQ(server.command({"PING"}), "PONG");
}

TEST(redis_server_test, can_require_client_certificates)
{
    const redis_server server{{.arguments = {"--tls-auth-clients", "yes"}, .tls = true, .appendonly = false}};
    EXPECT_FALSE(ping_over_tls(server, "ca.crt", false));
    EXPECT_TRUE(ping_over_tls(server, "ca.crt", true));
}

TEST(redis_server_test, leaves_no_process_and_no_files)
{
    pid_t pid = 0;
    std::filesystem::path folder;
    {
        const redis_server server;
        pid = server.pid();
        folder = server.socket().parent_path();
        server.pause();
    }
    EXPECT_EQ(::kill(pid, 0), -1);
    EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST(sentinel_group_test, fails_over_when_asked_and_when_the_master_dies)
{
    sentinel_group group;
    EXPECT_EQ(group.sentinel_ports().size(), 3U);
    EXPECT_EQ(group.name(), "mymaster");
    auto& first = group.master();
    EXPECT_EQ(&first, group.servers()[0].get());
    EXPECT_TRUE(first.command({"ROLE"}).starts_with("master"));
    group.fail_over();
    auto& second = group.master();
    EXPECT_NE(&second, &first);
    EXPECT_EQ(second.command({"SET", "k", "v"}), "OK");
    wait_for("the replicas of the new master",
             [&] { return second.command({"INFO", "replication"}).find("connected_slaves:2") != std::string::npos; });
    second.crash();
    wait_for("a third master", [&] { return &group.master() != &second; });
    EXPECT_TRUE(group.master().command({"ROLE"}).starts_with("master"));
}

/// The number of nodes, replicas included, that hold exactly `keys` keys of `slot`.
std::size_t nodes_with(cluster_group& group, unsigned slot, std::size_t keys)
{
    std::size_t nodes = 0;
    for (std::size_t i = 0; i < group.size(); ++i) {
        const auto held = group.node(i).command({"CLUSTER", "COUNTKEYSINSLOT", std::to_string(slot)});
        nodes += held == std::to_string(keys) ? 1 : 0;
    }
    return nodes;
}

TEST(cluster_group_test, moves_slots_and_survives_the_death_of_a_master)
{
    cluster_group group;
    EXPECT_EQ(group.size(), 6U);
    EXPECT_EQ(group.ports().size(), 6U);
    EXPECT_EQ(group.ports()[2], group.node(2).port());
    const unsigned slot = 15891;  // the slot of {t}
    auto& from = group.owner_of(slot);
    auto& to = group.owner_of(16383 - slot);
    ASSERT_NE(&from, &to);
    ASSERT_EQ(from.command({"CLUSTER", "KEYSLOT", "{t}"}), std::to_string(slot));
    for (int i = 0; i < 5; ++i) from.command({"SET", "{t}" + std::to_string(i), "v"});

    group.begin_migration(slot, to);
    EXPECT_EQ(group.move_keys(slot, to, 2), 2U);
    EXPECT_EQ(from.command({"CLUSTER", "COUNTKEYSINSLOT", std::to_string(slot)}), "3");
    EXPECT_EQ(to.command({"CLUSTER", "COUNTKEYSINSLOT", std::to_string(slot)}), "2");
    EXPECT_EQ(group.move_keys(slot, to), 3U);
    group.end_migration(slot, to);
    EXPECT_EQ(&group.owner_of(slot), &to);
    EXPECT_EQ(to.command({"GET", "{t}4"}), "v");
    EXPECT_THROW(from.command({"GET", "{t}4"}), std::runtime_error);  // MOVED

    // WAIT would not help, because it waits only for the writes of its own connection.
    wait_for("a replica has them all", [&] { return nodes_with(group, slot, 5) == 2; });
    group.kill_owner(slot);
    auto& new_owner = group.owner_of(slot);
    EXPECT_NE(&new_owner, &to);
    EXPECT_EQ(new_owner.command({"GET", "{t}4"}), "v");
}

}  // namespace
}  // namespace larder::testing
