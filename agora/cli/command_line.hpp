// SPDX-License-Identifier: MIT
// The entry point of the command line.
#pragma once

namespace agora::cli {

/// Parses the arguments, loads the configuration and runs the command. Returns the exit status: 0 success, 1 failure, 2
/// wrong usage or an invalid setting. Errors are printed as one line on standard error.
int run(int argc, char** argv, const char* const* environ);

}  // namespace agora::cli
