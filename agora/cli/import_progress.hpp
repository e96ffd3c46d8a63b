// SPDX-License-Identifier: MIT
// How an import shows itself: a bar per file on a terminal, plain lines elsewhere, a summary at the end.
#pragma once

#include <agora/import/stackexchange.hpp>
#include <chrono>
#include <functional>

namespace agora::cli {

class shown_progress final : public import::import_progress {
 public:
    /// `show` takes the text as it is made; it flushes.
    explicit shown_progress(std::function<void(std::string_view text)> show);
    void rows_read(std::string_view file, std::int64_t rows, double fraction) override;

 private:
    std::function<void(std::string_view text)> show_;
    bool terminal_;
    std::string file_;
    std::int64_t rows_before_ = 0;  // of the files that are done
    std::int64_t rows_in_file_ = 0;
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

/// What was stored and skipped, and why.
std::string summary_text(const import::import_summary& s);

}  // namespace agora::cli
