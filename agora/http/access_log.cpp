// SPDX-License-Identifier: MIT
// Formats one line per request into a buffer and passes the buffer to the sink in blocks.
#include <agora/http/access_log.hpp>
#include <boost/describe.hpp>
#include <larder/json.hpp>

namespace agora::http {
namespace {

constexpr std::size_t block = 32 * 1024;

}  // namespace

BOOST_DESCRIBE_STRUCT(access_record, (), (ts, request_id, remote, method, target, status, bytes, duration_us, user_id))

void append_json_line(std::string& to, const access_record& r) { larder::json::append(to, r); }

namespace {

/// The target without the tokens of emails, because a log is read by more people than a mailbox.
std::string masked(std::string_view target)
{
    constexpr std::string_view name = "token=";
    std::string out{target};
    for (auto at = out.find(name); at != std::string::npos; at = out.find(name, at + 1)) {
        if (at == 0 || (out[at - 1] != '?' && out[at - 1] != '&')) continue;
        const auto begin = at + name.size();
        out.replace(begin, std::min(out.find('&', begin), out.size()) - begin, "-");
    }
    return out;
}

}  // namespace

void access_log::add(const request& r, unsigned status, std::size_t bytes, std::chrono::nanoseconds elapsed)
{
    if (!on()) return;
    std::string without_token;
    std::string_view target = r.target;
    if (target.find("token=") != std::string_view::npos) target = without_token = masked(target);
    const access_record l{
        larder::system_clock().wall(), r.request_id,    r.client, r.method_token, target, status, bytes,
        elapsed.count() / 1000,        r.caller.user_id};
    sink_.format(lines_, l);
    lines_ += '\n';
    if (lines_.size() >= block) flush();
}

void access_log::flush()
{
    if (lines_.empty()) return;
    sink_.write(lines_);
    lines_.clear();
}

}  // namespace agora::http
