// SPDX-License-Identifier: MIT
// A program that uses one component of larder, chosen by a macro, to test that the component links without the others.
#include <iostream>
#if defined(USES_core)
#include <larder/result.hpp>
static auto answer() { return larder::make_error_code(larder::errc::closed).message(); }
#elif defined(USES_json)
#include <larder/json.hpp>
static auto answer() { return larder::json::to_string(std::vector{1, 2, 3}); }
#elif defined(USES_resp)
#include <larder/resp.hpp>
static auto answer()
{
    larder::resp::reader r;
    return r.read("+OK\r\n") == larder::resp::progress::complete;
}
#elif defined(USES_redis)
#include <larder/redis.hpp>
static auto answer() { return larder::redis::parse_url("redis://localhost:1")->addresses.at(0).text(); }
#elif defined(USES_cache)
#include <larder/cache/inspector.hpp>
static auto answer()
{
    boost::asio::io_context io;
    larder::cache c{io};
    return larder::cache_inspector{c}.stats().regions.size();
}
#elif defined(USES_limit)
#include <larder/limit.hpp>
static auto answer()
{
    larder::limiter here;
    auto& posting = here.limit({.name = "posting", .quota = 5, .window = std::chrono::seconds{60}});
    return sizeof posting > 0;
}
#elif defined(USES_session)
#include <larder/session.hpp>
static auto answer() { return larder::session_store{larder::session_options{.secrets = {"keyboard cat"}}}.sign("id"); }
#endif

int main() { std::cout << answer() << '\n'; }
