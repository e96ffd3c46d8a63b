// SPDX-License-Identifier: MIT
// Shows the blocking client, for command-line tools and for programs that use threads instead of Asio.
//     without_asio redis://localhost:6379
#include <iostream>
#include <larder/redis.hpp>
#include <thread>
#include <vector>

using namespace larder::redis;

int main(int argc, char** argv)
{
    const auto url = parse_url(argc > 1 ? argv[1] : "redis://localhost:6379");
    if (!url) {
        std::cerr << url.error().message << '\n';
        return 2;
    }
    blocking_client redis{*url};
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&] {
                for (int i = 0; i < 250; ++i) redis.exec(request{"INCR", "example:hits"}).value();
            });
        }
    }
    std::cout << "hits: " << redis.exec<long>(request{"GETDEL", "example:hits"}).value() << '\n';
}
