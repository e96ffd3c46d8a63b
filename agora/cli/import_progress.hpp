// SPDX-License-Identifier: MIT
// How an import shows itself: a bar on a terminal, plain lines elsewhere, a summary at the end.
#pragma once

#include <agora/import/stackexchange.hpp>

namespace agora::cli {

class terminal_progress;
void print_summary(const import::import_summary& s);

}  // namespace agora::cli
