// SPDX-License-Identifier: MIT
// The grammar of the command line: verbs, flags, help.
#pragma once

namespace agora::cli {

/// Parses, loads the configuration and runs the verb. Returns the exit code: 0 done, 1 failed, 2 wrong usage or a
/// wrong setting. What went wrong is one line on standard error.
int run(int argc, char** argv, const char* const* environ);

}  // namespace agora::cli
