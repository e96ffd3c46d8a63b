// SPDX-License-Identifier: MIT
// The server over real sockets: pipelining, bodies, limits, deadlines, CORS, authentication, connection limits,
// graceful shutdown and the access log.
#include <gtest/gtest.h>

#include <agora/http/http_test/bearer_authenticator.hpp>
#include <agora/http/http_test/raw_client.hpp>
#include <agora/http/server.hpp>
#include <boost/asio/steady_timer.hpp>
#include <larder/timeout.hpp>
#include <mutex>
#include <thread>

namespace agora::http {
namespace {

using namespace std::chrono_literals;

struct note {
    std::string text;
};
BOOST_DESCRIBE_STRUCT(note, (), (text))

class test_api {
 public:
    response hello(anyone) { return {200, "text/plain", "hello"}; }
    response hello_admin(admin) { return {200, "text/plain", "hello"}; }
    response echo(anyone, const body<note>& n) { return {200, "text/plain", n->text}; }
    response fail(anyone) { throw std::runtime_error{"a secret path"}; }
    response whoami(anyone, const request& r) { return {200, "text/plain", std::to_string(r.caller.user_id)}; }
    response big(anyone) { return {200, "application/octet-stream", std::string(4 << 20, 'b')}; }
    asio::awaitable<response> slow(anyone)
    {
        ++waiting;
        co_await larder::sleep_for(150ms);
        co_return response{200, "text/plain", "slow"};
    }
    asio::awaitable<response> fail_later(anyone)
    {
        co_await larder::sleep_for(1ms);
        throw boost::system::system_error{boost::asio::error::connection_refused};
    }
    std::atomic<int> waiting = 0;
};

class served : public ::testing::Test {
 protected:
    served()
    {
        routes_.get("/hello", &test_api::hello, api_);
        routes_.post("/echo", &test_api::echo, api_).body_limit(1000);
        routes_.post("/upload", &test_api::echo, api_);
        routes_.get("/fail", &test_api::fail, api_);
        routes_.get("/fail-later", &test_api::fail_later, api_);
        routes_.get("/slow", &test_api::slow, api_);
        routes_.get("/big", &test_api::big, api_);
        routes_.get("/whoami", &test_api::whoami, api_);
        routes_.del("/hello", &test_api::hello_admin, api_);
        options_.port = 0;
        options_.cors_origins = {"https://a.example"};
        options_.admission.authenticate = &tokens_;
        options_.log.write = [this](std::string_view lines) {
            const std::scoped_lock lock{log_mutex_};
            log_.append(lines);
        };
    }
    ~served() override { stop(); }

    std::uint16_t start()
    {
        server_.emplace(runtime_, routes_, options_);
        server_->start();
        runtime_.on_stop([this] { server_->drain(); });
        thread_ = std::jthread{[this] { drained_ = runtime_.run(); }};
        return server_->port();
    }
    bool stop()
    {
        runtime_.stop();
        if (thread_.joinable()) thread_.join();
        return drained_;
    }

    test_api api_;
    router routes_;
    bearer_authenticator tokens_{[](std::string_view token) -> std::optional<principal> {
        if (token == "admin") return principal{1, role::admin};
        if (token == "user") return principal{7, role::user};
        return std::nullopt;
    }};
    server_options options_;
    larder::runtime runtime_{{.loops = 2}};
    std::optional<server> server_;
    std::mutex log_mutex_;
    std::string log_;
    bool drained_ = false;
    std::jthread thread_;
};

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::string post(std::string_view body, std::string_view fields = {})
{
    return "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n" + std::string{fields} +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string{body};
}

TEST_F(served, keep_alive_serves_request_after_request)
{
    raw_client c{start()};
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(has(c.get("/hello"), "\r\n\r\nhello"));
}

TEST_F(served, pipelined_requests_are_answered_in_order)
{
    raw_client c{start()};
    const std::string get = "GET /hello HTTP/1.1\r\nHost: t\r\n\r\n";
    c.send(get + "GET /slow HTTP/1.1\r\nHost: t\r\n\r\n" + post(R"({"text":"third"})") + get);
    EXPECT_TRUE(has(c.answer(), "\r\n\r\nhello"));
    EXPECT_TRUE(has(c.answer(), "\r\n\r\nslow"));
    EXPECT_TRUE(has(c.answer(), "\r\n\r\nthird"));
    EXPECT_TRUE(has(c.answer(), "\r\n\r\nhello"));
}

TEST_F(served, a_request_may_arrive_byte_by_byte)
{
    raw_client c{start()};
    for (const char b : "\r\n" + post(R"({"text":"slowly"})")) c.send({&b, 1});
    EXPECT_TRUE(has(c.answer(), "\r\n\r\nslowly"));
    const std::string chunked =
        "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\n7\r\n{\"text\"\r\n6;x=y\r\n:\"ab\"}\r\n0\r\nX: y\r\n\r\n";
    for (const char b : chunked) c.send({&b, 1});
    EXPECT_TRUE(has(c.answer(), "\r\n\r\nab"));
    c.send(chunked + chunked + "GET /hello HTTP/1.1\r\nHost: t\r\n\r\n");
    EXPECT_TRUE(has(c.answer(), "\r\n\r\nab"));
    EXPECT_TRUE(has(c.answer(), "\r\n\r\nab"));
    EXPECT_TRUE(has(c.answer(), "\r\n\r\nhello"));
}

TEST_F(served, expect_100_continue_gets_an_interim_response)
{
    raw_client c{start()};
    const std::string body = R"({"text":"hi"})";
    const auto whole = post(body, "Expect: 100-continue\r\n");
    c.send(whole.substr(0, whole.size() - body.size()));
    EXPECT_EQ(c.answer(), "HTTP/1.1 100 Continue\r\n\r\n");
    c.send(body);
    EXPECT_TRUE(has(c.answer(), "\r\n\r\nhi"));
}

TEST_F(served, a_refused_request_gets_no_100_continue)
{
    raw_client c{start()};
    c.send("POST /echo HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 100000\r\n\r\n");
    EXPECT_TRUE(c.answer().starts_with("HTTP/1.1 413 "));
    EXPECT_TRUE(c.at_end());
}

TEST_F(served, a_body_over_the_routes_limit_is_413)
{
    const auto port = start();
    raw_client fits{port};
    fits.send(post(R"({"text":")" + std::string(1000 - 11, 'x') + "\"}"));
    EXPECT_TRUE(fits.answer().starts_with("HTTP/1.1 200 "));
    raw_client over{port};
    over.send(post(R"({"text":")" + std::string(1001 - 11, 'x') + "\"}"));
    EXPECT_TRUE(over.answer().starts_with("HTTP/1.1 413 "));
    EXPECT_TRUE(over.at_end());
    raw_client chunked{port};
    chunked.send("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n");
    EXPECT_TRUE(chunked.answer().starts_with("HTTP/1.1 413 "));
}

TEST_F(served, the_response_to_a_refused_body_of_any_size_arrives)
{
    const auto port = start();
    for (const std::size_t size :
         {std::size_t{1001}, std::size_t{1} << 20, (std::size_t{1} << 20) + 1, std::size_t{5} << 20}) {
        raw_client over{port};
        over.send("POST /echo HTTP/1.1\r\nHost: t\r\nX-Request-Id: mine\r\nContent-Length: " + std::to_string(size) +
                  "\r\n\r\n" + std::string(size, 'x'));
        const auto a = over.answer();
        EXPECT_TRUE(a.starts_with("HTTP/1.1 413 ")) << size << a;
        EXPECT_TRUE(has(a, "X-Request-Id: mine\r\n")) << size;
        EXPECT_TRUE(over.at_end());
    }
}

TEST_F(served, the_problem_of_a_body_that_fails_late_has_the_request_id)
{
    options_.limits.stall = 1s;
    routes_.post("/large", &test_api::echo, api_).body_limit(300'000);
    const auto port = start();
    const std::string head =
        "POST /large HTTP/1.1\r\nHost: t\r\nOrigin: https://a.example\r\nX-Request-Id: mine\r\nTransfer-Encoding: "
        "chunked\r\n\r\n";
    // Long enough for the input buffer to move, and the header with it.
    const std::string chunk = "ea60\r\n" + std::string(60'000, 'x') + "\r\n";
    const std::pair<std::string, std::string> endings[] = {{"zz\r\n", "400"}, {"3d090\r\n", "413"}, {"5\r\nab", "408"}};
    for (const auto& [ending, status] : endings) {
        raw_client c{port};
        for (const auto& part : {head, chunk, chunk, ending}) {
            c.send(part);
            std::this_thread::yield();
        }
        const auto a = c.answer();
        EXPECT_EQ(a.substr(9, 3), status);
        EXPECT_TRUE(has(a, R"("instance":"/large")")) << a;
        EXPECT_TRUE(has(a, R"("request_id":"mine")")) << a;
        EXPECT_TRUE(has(a, "Access-Control-Allow-Origin: https://a.example")) << a;
    }
}

TEST_F(served, the_four_forms_of_a_target_are_answered)
{
    const auto port = start();
    const auto status = [&](const std::string& line) {
        raw_client c{port};
        c.send(line + " HTTP/1.1\r\nHost: other\r\n\r\n");
        return c.answer().substr(9, 3);
    };
    EXPECT_EQ(status("GET http://t/hello"), "200");
    EXPECT_EQ(status("OPTIONS *"), "204");
    EXPECT_EQ(status("OPTIONS http://t"), "204");
    EXPECT_EQ(status("GET *"), "400");
    EXPECT_EQ(status("GET t:80"), "400");
    EXPECT_EQ(status("CONNECT t:80"), "501");
    EXPECT_EQ(status("CONNECT /hello"), "400");
    EXPECT_EQ(status("BREW /hello"), "501");
    EXPECT_EQ(status("TRACE /hello"), "501");
    EXPECT_EQ(status("GET /hello?%ff"), "400");
    raw_client c{port};
    EXPECT_TRUE(has(c.get("/hell%zz"), R"("code":"bad_escape")"));
    EXPECT_TRUE(has(c.get("/hello"), "\r\n\r\nhello")) << "the connection stays open";
}

TEST_F(served, the_log_names_the_client_behind_a_proxy_in_full)
{
    options_.admission.proxies = trusted_proxies{"127.0.0.1"};
    raw_client c{start()};
    c.get("/hello", "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: [2001:db8:1:2:3::4]:77\r\n");
    c.get("/hello", "X-Forwarded-For: nobody\r\n");
    c.get("/hello", "X-Forwarded-For: 1.2.3.4\r\n");
    c.send("GET * HTTP/1.1\r\nHost: t\r\n\r\n");
    EXPECT_TRUE(c.answer().starts_with("HTTP/1.1 400 "));
    stop();
    EXPECT_EQ(log_.rfind(R"("remote":"127.0.0.1")"), log_.rfind(R"("remote":)"))
        << "a header that is refused before it is parsed does not set the client's address";
    EXPECT_TRUE(has(log_, R"("remote":"2001:db8:1:2:3::4")")) << log_;
    EXPECT_TRUE(has(log_, R"("remote":"127.0.0.1")")) << log_;
}

TEST_F(served, ambiguous_framing_is_refused_and_nothing_after_it_is_served)
{
    raw_client c{start()};
    c.send(
        "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        "GET /hello HTTP/1.1\r\nHost: t\r\n\r\n");
    const auto a = c.answer();
    EXPECT_TRUE(a.starts_with("HTTP/1.1 400 ")) << a;
    EXPECT_TRUE(has(a, "Connection: close"));
    EXPECT_TRUE(has(a, R"("code":"bad_transfer_encoding")"));
    EXPECT_TRUE(c.at_end());
}

TEST_F(served, unknown_routes_and_methods_get_a_problem)
{
    raw_client c{start()};
    const auto missing = c.get("/nothing?x=1", "X-Request-Id: mine-1\r\n");
    EXPECT_TRUE(missing.starts_with("HTTP/1.1 404 "));
    EXPECT_TRUE(has(missing, "application/problem+json"));
    EXPECT_TRUE(has(missing, R"("request_id":"mine-1")"));
    EXPECT_TRUE(has(missing, R"("instance":"/nothing")"));
    c.send("PUT /hello HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc");
    const auto refused = c.answer();
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 405 "));
    EXPECT_TRUE(has(refused, "Allow: GET, HEAD, DELETE, OPTIONS\r\n")) << refused;
    EXPECT_TRUE(has(c.get("/hello"), "\r\n\r\nhello")) << "the body was skipped and the connection stays open";
}

TEST_F(served, head_and_options_are_answered_for_every_route)
{
    raw_client c{start()};
    c.send("HEAD /hello HTTP/1.1\r\nHost: t\r\n\r\n");
    EXPECT_TRUE(has(c.answer(false), "Content-Length: 5\r\n"));
    c.send(
        "OPTIONS /hello HTTP/1.1\r\nHost: t\r\nOrigin: https://a.example\r\nAccess-Control-Request-Method: "
        "GET\r\n\r\n");
    const auto preflight = c.answer();
    EXPECT_TRUE(preflight.starts_with("HTTP/1.1 204 "));
    EXPECT_TRUE(has(preflight, "Access-Control-Allow-Origin: https://a.example\r\n"));
    EXPECT_TRUE(has(preflight, "Access-Control-Allow-Methods: GET, HEAD, DELETE, OPTIONS\r\n"));
    EXPECT_TRUE(has(preflight, "Access-Control-Allow-Credentials: true\r\n"));
    EXPECT_TRUE(has(preflight, "Access-Control-Max-Age: 600\r\n"));
    EXPECT_TRUE(has(preflight, "Vary: Origin\r\n"));
    EXPECT_TRUE(has(preflight, "Vary: Access-Control-Request-Method, Access-Control-Request-Headers\r\n"));
    for (const auto* field :
         {"X-CSRF-Token", "Idempotency-Key", "If-Match", "Authorization", "Content-Type", "Content-Encoding"})
        EXPECT_TRUE(has(preflight.substr(preflight.find("Allow-Headers: ")), field)) << field;
    c.send(
        "OPTIONS /hello HTTP/1.1\r\nHost: t\r\nOrigin: https://b.example\r\nAccess-Control-Request-Method: "
        "GET\r\n\r\n");
    const auto foreign = c.answer();
    EXPECT_FALSE(has(foreign, "Access-Control-Allow-")) << foreign;
    EXPECT_TRUE(has(foreign, "Vary: Origin\r\n"));
    c.send("OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n");
    EXPECT_TRUE(c.answer().starts_with("HTTP/1.1 204 "));
}

std::string zipped(std::string_view text) { return compress(coding::gzip, text); }

TEST_F(served, gzip_bodies_are_accepted_within_the_limit)
{
    const auto port = start();
    const std::string body = R"({"text":")" + std::string(900, 'x') + "\"}";
    const auto send = [&](const std::string& coding, const std::string& bytes) {
        raw_client c{port};
        c.send(post(bytes, "Content-Encoding: " + coding + "\r\n"));
        const auto first = c.answer();
        EXPECT_TRUE(has(c.get("/hello"), "\r\n\r\nhello")) << "the connection stays open after " << coding;
        return first;
    };
    EXPECT_TRUE(has(send("gzip", zipped(body)), std::string(900, 'x')));
    EXPECT_TRUE(has(send("X-GZip, identity", zipped(body)), std::string(900, 'x')));
    EXPECT_TRUE(has(send("identity", body), std::string(900, 'x')));
    EXPECT_TRUE(has(send("gzip", zipped(body.substr(0, 100)) + zipped(body.substr(100))), std::string(900, 'x')))
        << "two gzip members";
    const auto bomb = send("gzip", zipped(R"({"text":")" + std::string(200'000, 'x') + "\"}"));
    EXPECT_TRUE(bomb.starts_with("HTTP/1.1 413 ")) << bomb;
    EXPECT_TRUE(has(bomb, R"("code":"body_too_large")"));
    EXPECT_TRUE(has(send("gzip", zipped(R"({"text":")" + std::string(1001 - 11, 'x') + "\"}")), " 413 "))
        << "one byte above the limit";
    for (const auto& broken :
         {std::string{"{}"}, zipped(body).substr(0, 20), zipped(body) + "x", std::string{"\x1f\x8b"}})
        EXPECT_TRUE(has(send("gzip", broken), R"("code":"bad_content_encoding")")) << broken.size();
    for (const auto* unknown : {"br", "deflate", "gzip, gzip", "gzip, br", "x"}) {
        const auto refused = send(unknown, zipped(body));
        EXPECT_TRUE(refused.starts_with("HTTP/1.1 415 ")) << unknown << refused;
        EXPECT_TRUE(has(refused, "Accept-Encoding: gzip, identity\r\n"));
    }
    raw_client chunked{port};
    const auto packed = zipped(body);
    char size[16];
    std::snprintf(size, sizeof size, "%zx", packed.size());
    chunked.send(
        "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Encoding: "
        "gzip\r\nTransfer-Encoding: chunked\r\n\r\n" +
        std::string{size} + "\r\n" + packed + "\r\n0\r\n\r\n");
    EXPECT_TRUE(has(chunked.answer(), std::string(900, 'x')));
}

TEST_F(served, credentials_identify_the_client)
{
    raw_client c{start()};
    EXPECT_TRUE(has(c.get("/whoami"), "\r\n\r\n0"));
    EXPECT_TRUE(has(c.get("/whoami", "Authorization: bearer user\r\n"), "\r\n\r\n7"));
    EXPECT_TRUE(has(c.get("/whoami"), "\r\n\r\n0"))
        << "credentials do not carry over to the next request of a connection";
    const auto bad = c.get("/whoami", "Authorization: Bearer nobody\r\n");
    EXPECT_TRUE(bad.starts_with("HTTP/1.1 401 "));
    EXPECT_TRUE(has(bad, "WWW-Authenticate: Bearer\r\n"));
    const auto del = [&](std::string_view fields) {
        c.send("DELETE /hello HTTP/1.1\r\nHost: t\r\n" + std::string{fields} + "\r\n");
        return c.answer().substr(9, 3);
    };
    EXPECT_EQ(del(""), "401");
    EXPECT_EQ(del("Authorization: Bearer user\r\n"), "403");
    EXPECT_EQ(del("Authorization: Bearer admin\r\n"), "200");
}

TEST_F(served, a_handler_that_throws_is_a_problem_without_its_text)
{
    raw_client c{start()};
    const auto failed = c.get("/fail");
    EXPECT_TRUE(failed.starts_with("HTTP/1.1 500 "));
    EXPECT_FALSE(has(failed, "secret"));
    const auto away = c.get("/fail-later");
    EXPECT_TRUE(away.starts_with("HTTP/1.1 503 "));
    EXPECT_TRUE(has(away, "Retry-After: "));
    EXPECT_TRUE(has(c.get("/hello"), "hello"));
}

TEST_F(served, large_responses_arrive_completely)
{
    raw_client c{start()};
    const auto answer = c.get("/big");
    EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, std::size_t{4} << 20);
}

TEST_F(served, slow_headers_get_408_and_idle_connections_are_closed)
{
    options_.limits.header_deadline = 1s;
    options_.limits.idle = 1s;
    const auto port = start();
    raw_client slow{port};
    slow.send("GET /hello HTTP/1.1\r\nHo");
    raw_client idle{port};
    EXPECT_TRUE(slow.answer().starts_with("HTTP/1.1 408 "));
    EXPECT_TRUE(slow.at_end());
    EXPECT_TRUE(idle.at_end());
}

TEST_F(served, a_stalled_body_gets_408)
{
    options_.limits.stall = 1s;
    raw_client c{start()};
    c.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{");
    EXPECT_TRUE(c.answer().starts_with("HTTP/1.1 408 "));
}

/// Sends a request whose body never completes: `head`, then `piece` after every `pause`. Returns the time until the
/// server ended the connection, at most about `most`.
std::chrono::milliseconds time_of_trickle(std::uint16_t port, std::string_view head, std::string_view piece,
                                          std::chrono::milliseconds pause, std::chrono::milliseconds most)
{
    boost::asio::io_context io;
    boost::asio::ip::tcp::socket s{io};
    s.connect({boost::asio::ip::make_address("127.0.0.1"), port});
    boost::asio::write(s, boost::asio::buffer(head));
    s.non_blocking(true);
    const auto begin = std::chrono::steady_clock::now();
    const auto elapsed = [&] {
        return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
    };
    boost::asio::steady_timer timer{io};
    std::array<char, 4096> answer;
    for (boost::system::error_code ec; elapsed() < most;) {
        if (s.read_some(boost::asio::buffer(answer), ec) > 0 || ec != boost::asio::error::would_block) break;
        s.write_some(boost::asio::buffer(piece), ec);
        timer.expires_after(pause);
        timer.wait();
    }
    return elapsed();
}

// The server checks deadlines only twice a second, so the expected times have 1.5 s of tolerance.
TEST_F(served, a_trickled_body_is_cut_off_and_a_slow_one_is_not)
{
    options_.limits.stall = 2s;
    const auto port = start();
    const std::string fixed =
        "POST /upload HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n\r\n";
    const std::string chunked =
        "POST /upload HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::string burst(100'000, ' ');
    EXPECT_LT(time_of_trickle(port, fixed, "x", 100ms, 8s), 4s);
    EXPECT_LT(time_of_trickle(port, fixed + burst, "x", 100ms, 8s), 4s) << "a burst does not extend the deadline";
    EXPECT_LT(time_of_trickle(port, chunked, "1\r\nx\r\n", 100ms, 8s), 4s);
    EXPECT_LT(time_of_trickle(port, chunked, "1;" + std::string(200, 'e') + "\r\nx\r\n", 50ms, 8s), 4s)
        << "only the payload counts as progress, not the chunk framing";
    EXPECT_GE(time_of_trickle(port, fixed, std::string(200, ' '), 100ms, 6s), 6s) << "2,000 bytes a second";
}

/// Reads a response of 4 MiB in pieces. Returns the number of bytes received before the server closed the connection or
/// `most` had passed.
std::size_t read_slowly(std::uint16_t port, std::size_t piece, std::chrono::milliseconds pause,
                        std::chrono::milliseconds most)
{
    boost::asio::io_context io;
    boost::asio::ip::tcp::socket s{io};
    s.open(boost::asio::ip::tcp::v4());
    s.set_option(boost::asio::socket_base::receive_buffer_size{4096});
    s.connect({boost::asio::ip::make_address("127.0.0.1"), port});
    boost::asio::write(s, boost::asio::buffer(std::string_view{"GET /big HTTP/1.1\r\nHost: t\r\n\r\n"}));
    boost::asio::steady_timer timer{io};
    std::string bytes(piece, '\0');
    std::size_t got = 0;
    for (const auto begin = std::chrono::steady_clock::now(); std::chrono::steady_clock::now() - begin < most;) {
        boost::system::error_code ec;
        const auto n = s.read_some(boost::asio::buffer(bytes), ec);
        got += n;
        if (n == 0) return got;
        timer.expires_after(pause);
        timer.wait();
    }
    return got;
}

TEST_F(served, a_reader_of_single_bytes_is_cut_off_and_a_slow_one_is_not)
{
    options_.limits.stall = 2s;
    const auto port = start();
    std::jthread single{[&] { read_slowly(port, 1, 50ms, 4s); }};
    std::jthread none{[&] { read_slowly(port, 1, 4s, 4s); }};
    while (server_->connections() != 2) std::this_thread::yield();
    const auto begin = std::chrono::steady_clock::now();
    while (server_->connections() != 0 && std::chrono::steady_clock::now() - begin < 8s) std::this_thread::yield();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 4s);
    std::jthread slow{[&] { read_slowly(port, 2000, 100ms, 6s); }};
    while (server_->connections() != 1) std::this_thread::yield();
    const auto slow_begin = std::chrono::steady_clock::now();
    while (server_->connections() == 1 && std::chrono::steady_clock::now() - slow_begin < 5s) std::this_thread::yield();
    EXPECT_GE(std::chrono::steady_clock::now() - slow_begin, 5s) << "20,000 bytes a second are above the lowest rate";
}

/// A socket connected to the server from `address`, an address in 127.0.0.0/8.
boost::asio::ip::tcp::socket connect_from(boost::asio::io_context& io, const char* address, std::uint16_t port)
{
    boost::asio::ip::tcp::socket s{io};
    s.open(boost::asio::ip::tcp::v4());
    s.bind({boost::asio::ip::make_address(address), 0});
    s.connect({boost::asio::ip::make_address("127.0.0.1"), port});
    return s;
}

std::string first_line_of(boost::asio::ip::tcp::socket& s)
{
    boost::asio::write(s, boost::asio::buffer(std::string_view{"GET /hello HTTP/1.1\r\nHost: t\r\n\r\n"}));
    std::array<char, 4096> answer;
    boost::system::error_code ec;
    const std::string_view got{answer.data(), s.read_some(boost::asio::buffer(answer), ec)};
    return std::string{got.substr(0, got.find('\r'))};
}

TEST_F(served, one_address_cannot_use_all_connections)
{
    options_.limits.connections = 12;
    options_.admission.proxies = trusted_proxies{"127.0.0.9"};
    const auto port = start();
    boost::asio::io_context io;
    std::vector<boost::asio::ip::tcp::socket> open;
    for (int i = 0; i < 3; ++i) {
        open.push_back(connect_from(io, "127.0.0.2", port));
        EXPECT_EQ(first_line_of(open.back()), "HTTP/1.1 200 OK");
    }
    auto fourth = connect_from(io, "127.0.0.2", port);
    EXPECT_EQ(first_line_of(fourth), "HTTP/1.1 429 Too Many Requests");
    auto other = connect_from(io, "127.0.0.3", port);
    EXPECT_EQ(first_line_of(other), "HTTP/1.1 200 OK");
    for (int i = 0; i < 6; ++i) {
        open.push_back(connect_from(io, "127.0.0.9", port));
        EXPECT_EQ(first_line_of(open.back()), "HTTP/1.1 200 OK")
            << "a trusted proxy has no share, because it serves many clients";
    }
    open.erase(open.begin());
    while (server_->connections() != 9) std::this_thread::yield();
    auto again = connect_from(io, "127.0.0.2", port);
    EXPECT_EQ(first_line_of(again), "HTTP/1.1 200 OK") << "a closed connection frees its place in the share";
}

TEST(connection_shares, ipv6_is_grouped_by_prefix_and_mapped_ipv4_is_ipv4)
{
    const auto network = [](const char* a) { return connection_shares::network_of(ip_address::parse(a).value()); };
    EXPECT_EQ(network("2001:db8::1"), network("2001:db8::ffff:1"));
    EXPECT_NE(network("2001:db8::1"), network("2001:db8:0:1::1"));
    EXPECT_EQ(network("::ffff:192.0.2.1"), network("192.0.2.1"));
    EXPECT_NE(network("192.0.2.1"), network("192.0.2.2"));
}

TEST_F(served, connections_over_the_limit_get_503)
{
    options_.limits.connections = 2;
    options_.admission.proxies = trusted_proxies{"127.0.0.1"};
    const auto port = start();
    raw_client a{port};
    raw_client b{port};
    EXPECT_TRUE(has(a.get("/hello"), "hello"));
    EXPECT_TRUE(has(b.get("/hello"), "hello"));
    raw_client c{port};
    EXPECT_TRUE(c.answer().starts_with("HTTP/1.1 503 "));
    EXPECT_TRUE(c.at_end());
}

TEST_F(served, a_second_server_cannot_take_the_same_port)
{
    options_.port = start();
    larder::runtime other{{.loops = 1}};
    server second{other, routes_, options_};
    EXPECT_THROW(second.start(), boost::system::system_error);
}

TEST_F(served, a_stop_serves_received_and_running_requests)
{
    const auto port = start();
    raw_client running{port};
    raw_client idle{port};
    raw_client partial{port};
    EXPECT_TRUE(has(idle.get("/hello"), "hello"));
    const std::string get = "GET /hello HTTP/1.1\r\nHost: t\r\n\r\n";
    running.send("GET /slow HTTP/1.1\r\nHost: t\r\n\r\n" + get + get);
    partial.send(get.substr(0, 10));
    while (api_.waiting == 0) std::this_thread::yield();
    runtime_.stop();
    partial.send(get.substr(10));
    EXPECT_TRUE(has(running.answer(), "slow"));
    EXPECT_TRUE(has(running.answer(), "hello"));
    const auto last = running.answer();
    EXPECT_TRUE(has(last, "hello"));
    EXPECT_TRUE(has(last, "Connection: close"));
    EXPECT_TRUE(has(partial.answer(), "hello"));
    EXPECT_TRUE(idle.at_end());
    EXPECT_TRUE(stop());
}

TEST_F(served, the_access_log_has_one_line_per_request_and_escapes_them)
{
    raw_client c{start()};
    c.get("/hello?a=%22", "X-Request-Id: first\r\n");
    c.get("/hello", "X-Request-Id: bad\"id\r\n");
    stop();
    EXPECT_TRUE(has(log_, R"("request_id":"first")")) << log_;
    EXPECT_TRUE(has(log_, R"("target":"/hello?a=%22")"));
    EXPECT_TRUE(has(log_, R"("status":200)"));
    EXPECT_FALSE(has(log_, "bad"));
    EXPECT_EQ(std::count(log_.begin(), log_.end(), '\n'), 2);
}

}  // namespace
}  // namespace agora::http
