// SPDX-License-Identifier: MIT
// The access log: one line for each response, in JSON unless the sink formats it differently. Each loop collects its
// lines and passes them to the sink in blocks: twice a second, or when a block is full. A crash loses at most half a
// second of lines. Not thread-safe; each loop has its own access_log.
#pragma once

#include <agora/http/request.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace agora::http {

/// What one line of the log says about a request and its response.
struct access_record {
    larder::timestamp ts;
    std::string_view request_id;
    std::string_view remote;
    std::string_view method;
    std::string_view target;
    unsigned status = 0;
    std::size_t bytes = 0;
    std::int64_t duration_us = 0;
    std::int64_t user_id = 0;
};

void append_json_line(std::string& to, const access_record& r);

/// Where the lines of the access log go, and how they are formatted.
struct access_sink {
    /// Receives whole lines; called from any loop. Empty: there is no access log.
    std::function<void(std::string_view lines)> write;
    /// Appends one line, without its line end.
    void (*format)(std::string& to, const access_record& r) = append_json_line;
};

class access_log {
 public:
    explicit access_log(const access_sink& sink) : sink_{sink} {}

    bool on() const noexcept { return static_cast<bool>(sink_.write); }
    void add(const request& r, unsigned status, std::size_t bytes, std::chrono::nanoseconds elapsed);
    void flush();

 private:
    const access_sink& sink_;
    std::string lines_;
};

}  // namespace agora::http
