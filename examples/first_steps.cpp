// SPDX-License-Identifier: MIT
// Shows the Redis client: typed commands, a pipeline, a transaction, a script, and how errors are reported.
//     first_steps redis://localhost:6379
#include <array>
#include <boost/describe/class.hpp>
#include <iostream>
#include <larder/redis.hpp>
#include <map>

namespace asio = boost::asio;
using namespace larder::redis;

struct profile {
    std::string name;
    int age = 0;
    std::optional<std::string> mail;
};
BOOST_DESCRIBE_STRUCT(profile, (), (name, age, mail))

asio::awaitable<void> run(client& redis)
{
    // If a command has failed, value() throws and error() says why.
    auto set = co_await redis.exec<bool>(request{"SET", "example:greeting", "hello", "EX", 60});
    if (!set) {
        std::cout << "Redis: " << to_string(set.error().outcome) << ", " << set.error().message << '\n';
        co_return;
    }
    auto greeting = co_await redis.exec<std::optional<std::string>>(request{"GET", "example:greeting"});
    std::cout << "greeting: " << greeting.value().value_or("none") << '\n';

    // A hash is read into a struct.
    const std::map<std::string, std::string> fields{{"name", "Ann"}, {"age", "31"}};
    co_await redis.exec(request{"HSET", "example:user:1", fields});
    auto user = co_await redis.exec<std::optional<profile>>(request{"HGETALL", "example:user:1"});
    std::cout << "user: " << user.value()->name << ", " << user.value()->age << '\n';

    // A pipeline sends several commands in one write; each has its own outcome.
    request both{"INCR", "example:visits"};
    both.add("LPUSH", "example:visits", "oops");
    auto answers = co_await redis.pipeline<long, long>(std::move(both));
    auto& [visits, wrong] = answers.value();
    std::cout << "visits: " << visits.value() << ", then " << wrong.error().prefix() << '\n';

    // A transaction executes all of its commands or none.
    request transfer{"DECRBY", "example:account:1", 10};
    transfer.add("INCRBY", "example:account:2", 10);
    auto done = co_await redis.transaction<long, long>(std::move(transfer));
    std::cout << "balance: " << std::get<1>(done.value()).value() << '\n';

    // A script is sent by its hash; the text is sent only if the server does not know the hash.
    static const script raise{"return redis.call('INCRBY', KEYS[1], ARGV[1])"};
    auto total = co_await redis.exec<long>(raise(std::array{"example:total"}, 5));
    std::cout << "total: " << total.value() << '\n';

    co_await redis.exec(
        request{"DEL", "example:visits", "example:user:1", "example:account:1", "example:account:2", "example:total"});
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
