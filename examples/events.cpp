// SPDX-License-Identifier: MIT
// Shows pub/sub. Messages that are published while the connection is down are lost; the subscriber then gets a message
// with `gap` set.
//     events redis://localhost:6379
#include <iostream>
#include <larder/redis.hpp>

namespace asio = boost::asio;
using namespace larder::redis;

asio::awaitable<void> run(client& redis)
{
    subscriber events{redis};
    auto ready = co_await events.subscribe("example:news");
    ready.value();
    co_await redis.exec(request{"PUBLISH", "example:news", "it works"});
    const message m = co_await events.next();
    if (m.gap) {
        std::cout << "messages may be missing: reload the state\n";
    } else {
        std::cout << m.channel << ": " << m.payload << '\n';
    }
    co_await redis.disconnect();
}

int main(int argc, char** argv)
{
    const auto url = parse_url(argc > 1 ? argv[1] : "redis://localhost:6379");
    if (!url) {
        std::cerr << url.error().message << '\n';
        return 2;
    }
    larder::runtime loops{{.loops = 1}};
    client redis{loops, *url};
    loops.run_until_done(run(redis));
}
