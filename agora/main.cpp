// SPDX-License-Identifier: MIT
// The program `agora`; the command line is in agora/cli.
#include <agora/cli/command_line.hpp>

#include <unistd.h>

int main(int argc, char** argv) { return agora::cli::run(argc, argv, environ); }
