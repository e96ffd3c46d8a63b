// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <agora/app/site.hpp>
#include <agora/cli/cli.hpp>
#include <agora/http/openapi.hpp>
#include <agora/version.hpp>

namespace agora::cli {
namespace {

namespace asio = boost::asio;

/// The document needs the routes, and the routes a database that they never ask.
class no_database final : public storage::database {
 public:
    asio::awaitable<void> ping() override { return refuse(); }
    std::string_view dialect() const noexcept override { return "none"; }
    std::string describe() const override { return "none"; }
    asio::awaitable<std::string> server_version() override { co_return ""; }
    asio::awaitable<void> run_script(std::string_view) override { return refuse(); }
    void close() override {}

 private:
    asio::awaitable<void> run_read(storage::unit_of_work&) override { return refuse(); }
    asio::awaitable<void> run_write(storage::unit_of_work&) override { return refuse(); }
    static asio::awaitable<void> refuse() { throw std::logic_error{"no database"}; }
};

}  // namespace

int run_openapi()
{
    no_database db;
    boost::asio::io_context loop;
    larder::cache cache{loop};
    const app::site site{db, nullptr, cache, "unused", 1, [] { return false; }};
    fmt::print("{}\n", http::make_openapi(site.routes(), "agora", version));
    return 0;
}

int run_version()
{
    fmt::print("agora {}\n", version);
    return 0;
}

}  // namespace agora::cli
