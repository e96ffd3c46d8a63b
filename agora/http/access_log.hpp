// SPDX-License-Identifier: MIT
// One JSON line per answered request, collected per loop and handed to the sink in blocks: twice a second, or when
// a block is full. A crash loses at most half a second of lines. Not thread-safe; each loop has its own.
#pragma once

#include <agora/http/request.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace agora::http {

/// Takes whole lines. Called from any loop.
using access_sink = std::function<void(std::string_view lines)>;

class access_log {
 public:
    /// An empty sink turns the log off.
    explicit access_log(const access_sink& sink) : sink_{sink} {}

    bool on() const noexcept { return static_cast<bool>(sink_); }
    void add(const request& r, unsigned status, std::size_t bytes, std::chrono::nanoseconds elapsed);
    void flush();

 private:
    const access_sink& sink_;
    std::string lines_;
};

}  // namespace agora::http
