// SPDX-License-Identifier: MIT
// One line per answered request, JSON unless the sink says otherwise, collected per loop and handed to the sink in
// blocks: twice a second, or when a block is full. A crash loses at most half a second of lines. Not thread-safe; each
// loop has its own.
#pragma once

#include <agora/http/request.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace agora::http {

/// What a line tells of one answered request.
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

/// Where access lines go, and how they look.
struct access_sink {
    std::function<void(std::string_view lines)> write;  ///< takes whole lines, from any loop; empty: no access log
    void (*format)(std::string& to, const access_record& r) = append_json_line;  ///< appends one, without its end
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
