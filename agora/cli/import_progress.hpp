// SPDX-License-Identifier: MIT
// The progress display of an import: a bar per file on a terminal, plain lines elsewhere, and a summary at the end.
#pragma once

#include <agora/import/stackexchange.hpp>
#include <chrono>
#include <functional>

namespace agora::cli {

class progress_display final : public import::import_progress {
 public:
    /// `show` must write the text at once, without buffering.
    explicit progress_display(std::function<void(std::string_view text)> show);
    void rows_read(std::string_view file, std::int64_t rows, double fraction) override;

 private:
    std::function<void(std::string_view text)> show_;
    bool terminal_;
    std::string file_;
    std::int64_t rows_before_ = 0;  // rows of the files that are finished
    std::int64_t rows_in_file_ = 0;
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

/// A summary of what was stored and what was skipped, with the reasons.
std::string summary_text(const import::import_summary& s);

}  // namespace agora::cli
