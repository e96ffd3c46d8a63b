// SPDX-License-Identifier: MIT
// `agora openapi` and `agora version`.
#include <fmt/format.h>
#include <agora/application/application.hpp>
#include <agora/cli/cli.hpp>
#include <agora/cli/no_database.hpp>
#include <agora/version.hpp>

namespace agora::cli {
int run_openapi()
{
    no_database db;
    boost::asio::io_context loop;
    larder::cache cache{loop};
    application::application app{db, cache, {}};
    fmt::print("{}\n", app.openapi());
    return 0;
}

int run_version()
{
    fmt::print("agora {}\n", version);
    return 0;
}

}  // namespace agora::cli
