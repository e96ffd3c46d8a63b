// SPDX-License-Identifier: MIT
#include <agora/cli/command_line.hpp>

#include <unistd.h>

int main(int argc, char** argv) { return agora::cli::run(argc, argv, environ); }
