// SPDX-License-Identifier: MIT
#include <agora/http/access_log.hpp>
#include <boost/describe.hpp>
#include <larder/json.hpp>

namespace agora::http {
namespace {

constexpr std::size_t block = 32 * 1024;

struct line {
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
BOOST_DESCRIBE_STRUCT(line, (), (ts, request_id, remote, method, target, status, bytes, duration_us, user_id))

}  // namespace

void access_log::add(const request& r, unsigned status, std::size_t bytes, std::chrono::nanoseconds elapsed)
{
    if (!sink_) return;
    const line l{larder::system_clock().wall(), r.request_id, r.client, r.method_token, r.target, status, bytes,
                 elapsed.count() / 1000,        r.who.user_id};
    larder::json::append(lines_, l);
    lines_ += '\n';
    if (lines_.size() >= block) flush();
}

void access_log::flush()
{
    if (lines_.empty()) return;
    sink_(lines_);
    lines_.clear();
}

}  // namespace agora::http
