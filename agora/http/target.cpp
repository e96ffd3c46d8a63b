// SPDX-License-Identifier: MIT
// Validates request targets. Start with check_target(), which checks the form of the target against the method, and
// split_target(), which returns the path and the query. is_encoded_text() validates percent escapes; it runs later, on
// the path and the query, in connection::refuse_before_handler().
#include <agora/http/framing.hpp>
#include <agora/http/problem_codes.hpp>
#include <agora/http/request.hpp>
#include <agora/http/target.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <larder/hex.hpp>
#include <larder/utf8.hpp>

namespace agora::http {
namespace {

constexpr refusal bad_target{&problems::bad_request_target,
                             "the request target must be a path, an http:// or https:// URL, or * for OPTIONS"};
constexpr refusal no_tunnels{&problems::not_implemented, "this server does not support CONNECT"};

bool is_host_char(char c) noexcept
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && std::string_view{"-._~!$&'()*+;=%"}.find(c) != std::string_view::npos);
}

/// A character between the brackets of an IPv6 literal. The address is not parsed, because nothing uses it.
bool is_ipv6_char(char c) noexcept { return larder::hex_value(c) >= 0 || c == ':' || c == '.'; }

bool is_port(std::string_view text) noexcept
{
    unsigned port = 0;
    const auto* last = text.data() + text.size();
    const auto [end, ec] = std::from_chars(text.data(), last, port);
    return text.empty() || (text.size() <= 5 && ec == std::errc{} && end == last && port <= 65535);
}

/// The target without a leading `http://` or `https://`; the whole target when it has neither.
std::string_view without_scheme(std::string_view target) noexcept
{
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (target.size() >= scheme.size() && iequals(target.substr(0, scheme.size()), scheme))
            return target.substr(scheme.size());
    }
    return target;
}

/// The length of the percent escapes at the front of `text` that encode one UTF-8 character; 0 when they do not encode
/// one, or encode NUL.
std::size_t escaped_character(std::string_view text) noexcept
{
    std::array<char, 4> bytes{};
    std::size_t count = 0;
    while (count < bytes.size()) {
        const int byte = larder::escaped_byte(text);
        if (byte < 0) break;
        bytes[count++] = static_cast<char>(byte);
        text.remove_prefix(3);
    }
    if (count == 0 || bytes[0] == '\0') return 0;
    return 3 * larder::utf8_length({bytes.data(), count});
}

}  // namespace

bool is_authority(std::string_view text) noexcept
{
    auto host = text.substr(0, text.find(':'));
    bool good = std::all_of(host.begin(), host.end(), is_host_char) && is_encoded_text(host);
    if (text.starts_with('[')) {
        host = text.substr(0, text.find(']') + 1);
        good = host.size() > 4 && std::all_of(host.begin() + 1, host.end() - 1, is_ipv6_char);
    }
    const auto rest = text.substr(host.size());
    return good && (rest.empty() || (rest.front() == ':' && is_port(rest.substr(1))));
}

bool is_encoded_text(std::string_view text) noexcept
{
    for (auto at = text.find('%'); at != std::string_view::npos; at = text.find('%', at)) {
        const auto size = escaped_character(text.substr(at));
        if (size == 0) return false;
        at += size;
    }
    return true;
}

const refusal* check_target(std::string_view method, std::string_view target) noexcept
{
    if (method == "CONNECT") {
        const auto colon = target.rfind(':');
        const bool has_port = colon != std::string_view::npos && colon > 0 && colon + 1 < target.size() &&
                              (target.front() != '[' || target[colon - 1] == ']');
        return has_port && is_authority(target) ? &no_tunnels : &bad_target;
    }
    if (target.front() == '/') return nullptr;
    if (target == "*") return method == "OPTIONS" ? nullptr : &bad_target;
    const auto rest = without_scheme(target);
    if (rest.size() == target.size()) return &bad_target;
    const auto authority = rest.substr(0, rest.find_first_of("/?"));
    return is_authority(authority) && !authority.empty() && authority.front() != ':' ? nullptr : &bad_target;
}

target_parts split_target(std::string_view method, std::string_view target) noexcept
{
    if (target.front() != '/' && target != "*") {
        target = without_scheme(target);
        target.remove_prefix(std::min(target.find_first_of("/?"), target.size()));
        // OPTIONS with an absolute form without a path means the server itself (RFC 9112 3.2.4).
        if (target.empty() && method == "OPTIONS") target = "*";
    }
    const auto mark = target.find('?');
    target_parts parts{target.substr(0, mark), {}};
    if (parts.path.empty()) parts.path = "/";
    if (mark != std::string_view::npos) parts.query = target.substr(mark + 1);
    return parts;
}

}  // namespace agora::http
