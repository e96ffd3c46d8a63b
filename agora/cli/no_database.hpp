// SPDX-License-Identifier: MIT
// A database without contents, for commands that need the routes or regions of the application but never its data.
#pragma once

#include <agora/storage/db.hpp>
#include <stdexcept>

namespace agora::cli {

class no_database final : public storage::database {
 public:
    storage::asio::awaitable<void> ping() override { return refuse(); }
    std::string_view dialect() const noexcept override { return "none"; }
    std::string describe() const override { return "none"; }
    storage::asio::awaitable<std::string> server_version() override { co_return ""; }
    storage::asio::awaitable<void> run_script(std::string_view) override { return refuse(); }
    void close() override {}

 private:
    storage::asio::awaitable<void> run_read(storage::unit_of_work&) override { return refuse(); }
    storage::asio::awaitable<void> run_write(storage::unit_of_work&) override { return refuse(); }
    static storage::asio::awaitable<void> refuse() { throw std::logic_error{"no database"}; }
};

}  // namespace agora::cli
