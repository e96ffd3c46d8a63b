// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <agora/cli/cli.hpp>
#include <agora/cli/command_line.hpp>

#include <unistd.h>
#include <cstdio>
#include <exception>

int main(int argc, char** argv)
{
    try {
        return agora::cli::run(argc, argv, environ);
    } catch (const agora::app::config_error& e) {
        fmt::print(stderr, "agora: {}\n", e.what());
        return 2;
    } catch (const std::exception& e) {
        fmt::print(stderr, "agora: {}\n", e.what());
        return 1;
    }
}
