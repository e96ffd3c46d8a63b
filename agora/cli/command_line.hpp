// SPDX-License-Identifier: MIT
// The grammar of the command line: verbs, flags, help.
#pragma once

namespace agora::cli {

/// Parses, loads the configuration and runs the verb. Returns the exit code: 0 done, 1 failed, 2 wrong usage.
/// Throws app::config_error for a wrong setting.
int run(int argc, char** argv, const char* const* environ);

}  // namespace agora::cli
