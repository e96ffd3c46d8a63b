// SPDX-License-Identifier: MIT
// The strict check of a header block. Start with check_head(), which finds the end of the block and then feeds each
// line to head_scan: the request line, then the fields. head_scan collects the facts that decide the framing (length,
// coding, host, keep-alive), and finish() checks that they are consistent. Rules and their codes are in the `refusal`
// constants.
#include <agora/http/fields.hpp>
#include <agora/http/framing.hpp>
#include <agora/http/problem_codes.hpp>
#include <agora/http/request.hpp>
#include <agora/http/target.hpp>
#include <array>
#include <charconv>

namespace agora::http {
namespace {

enum : unsigned char { token_char = 1, target_char = 2, value_char = 4 };

constexpr auto char_classes = [] {
    std::array<unsigned char, 256> t{};
    for (unsigned c = 0; c < 256; ++c) {
        unsigned char k = 0;
        const bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        // NUL is not a token character.
        if (alnum ||
            (c != 0 && std::string_view{"!#$%&'*+-.^_`|~"}.find(static_cast<char>(c)) != std::string_view::npos))
            k |= token_char;
        if (c > 0x20 && c < 0x7f && c != '#' && c != '"' && c != '<' && c != '>' && c != '\\') k |= target_char;
        if (c == '\t' || (c >= 0x20 && c != 0x7f)) k |= value_char;
        t[c] = k;
    }
    return t;
}();

bool all(std::string_view text, unsigned char wanted) noexcept
{
    for (const char c : text) {
        if ((char_classes[static_cast<unsigned char>(c)] & wanted) == 0) return false;
    }
    return true;
}

constexpr refusal bad_line{&problems::bad_request_line, "the request line is not METHOD target HTTP/1.1"};
constexpr refusal bad_field{&problems::bad_header, "a header line is not `name: value` followed by CRLF"};
constexpr refusal bad_length{&problems::bad_content_length, "Content-Length must be one number"};
constexpr refusal bad_coding{&problems::bad_transfer_encoding,
                             "the only supported transfer coding is chunked, and it excludes Content-Length"};
constexpr refusal bad_host{&problems::bad_host, "exactly one valid Host field is required"};
constexpr refusal duplicate_field{
    &problems::repeated_field,
    "a header field that may occur only once, such as Authorization or Content-Type, occurs twice"};
constexpr refusal bad_version{&problems::http_version_not_supported, "only HTTP/1.1 and HTTP/1.0 are supported"};
constexpr refusal bad_expectation{&problems::expectation_failed, "the only supported expectation is 100-continue"};
constexpr refusal long_line{&problems::uri_too_long, "the request line is too long"};
constexpr refusal large_head{&problems::headers_too_large, "the header block is too large or has too many fields"};

/// Collects what the lines of one header say about the framing, and checks that the lines are valid and consistent.
class head_scan {
 public:
    const refusal* request_line(std::string_view line, const framing_limits& limits) noexcept
    {
        if (line.size() > limits.request_line) return &long_line;
        const auto first = line.find(' ');
        const auto last = line.rfind(' ');
        if (first == std::string_view::npos || first == last || first == 0) return &bad_line;
        const auto target = line.substr(first + 1, last - first - 1);
        const auto version = line.substr(last + 1);
        if (!all(line.substr(0, first), token_char) || target.empty() || !all(target, target_char)) return &bad_line;
        if (version != "HTTP/1.1" && version != "HTTP/1.0") {
            return version.starts_with("HTTP/") && version.size() == 8 ? &bad_version : &bad_line;
        }
        http_1_0_ = version.back() == '0';
        return check_target(line.substr(0, first), target);
    }

    const refusal* field(std::string_view line) noexcept
    {
        std::string_view name;
        std::string_view value;
        if (!split_field(line, name, value)) return &bad_field;
        const auto* rule = find_field_rule(name);
        if (rule == nullptr) return nullptr;
        const auto bit = std::uint32_t{1} << (rule - field_rules.data());
        const bool again = (seen_ & bit) != 0;
        seen_ |= bit;
        // Only the five fields that decide the framing are handled. The name is one of the table, where the lengths 4
        // and 17 occur only once.
        switch (name.size()) {
            case 4:
                return host(value);
            case 6:
                if (rule->name == "expect") return expect(value);
                break;
            case 10:
                if (rule->name == "connection") return connection(value);
                break;
            case 14:
                if (rule->name == "content-length") return content_length(value);
                break;
            case 17:
                return transfer_encoding(value);
            default:
                break;
        }
        return again && rule->when == repeated::refuse ? &duplicate_field : nullptr;
    }

    const refusal* finish(head_facts& out) const noexcept
    {
        // A transfer coding in HTTP/1.0, or together with a length, comes from an attack or a broken proxy (RFC 9112
        // 6.1, 6.3).
        if (chunked_ && (length_ || http_1_0_)) return &bad_coding;
        if (!http_1_0_ && hosts_ != 1) return &bad_host;
        out.content_length = length_.value_or(0);
        out.chunked = chunked_;
        out.keep_alive = http_1_0_ ? keep_alive_ && !close_ : !close_;
        out.expects_continue = continue_ && !http_1_0_;
        return nullptr;
    }

 private:
    const refusal* host(std::string_view value) noexcept
    {
        // An empty value is allowed: the target has no authority (RFC 9112 3.2).
        return ++hosts_ > 1 || !is_authority(value) ? &bad_host : nullptr;
    }

    const refusal* expect(std::string_view value) noexcept
    {
        if (!iequals(value, "100-continue")) return &bad_expectation;
        continue_ = true;
        return nullptr;
    }

    const refusal* connection(std::string_view value) noexcept
    {
        for (auto option = next_element(value); !option.empty(); option = next_element(value)) {
            close_ |= iequals(option, "close");
            keep_alive_ |= iequals(option, "keep-alive");
        }
        return nullptr;
    }

    const refusal* content_length(std::string_view value) noexcept
    {
        // A second field is refused even with the same number, because no honest client sends it. from_chars does not
        // accept '+'.
        std::uint64_t n = 0;
        const auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), n);
        if (length_ || value.empty() || value.size() > 18 || ec != std::errc{} || end != value.data() + value.size()) {
            return &bad_length;
        }
        length_ = n;
        return nullptr;
    }

    const refusal* transfer_encoding(std::string_view value) noexcept
    {
        if (chunked_ || !iequals(value, "chunked")) return &bad_coding;
        chunked_ = true;
        return nullptr;
    }

    static_assert(field_rules.size() <= 32);
    std::uint32_t seen_ = 0;  // one bit per field of the table that has occurred
    std::optional<std::uint64_t> length_;
    unsigned hosts_ = 0;
    bool http_1_0_ = false;
    bool chunked_ = false;
    bool close_ = false;
    bool keep_alive_ = false;
    bool continue_ = false;
};

head_check refused(const refusal& why) noexcept { return {head_state::refused, {}, why}; }

/// Checks a block whose end has not arrived yet. It is refused as soon as it exceeds a limit, or has a LF without CR,
/// because then it might never end.
head_check unfinished(std::string_view bytes, const framing_limits& limits) noexcept
{
    const auto line_end = bytes.find('\n');
    for (auto lf = line_end; lf != std::string_view::npos; lf = bytes.find('\n', lf + 1)) {
        if (lf == 0 || bytes[lf - 1] != '\r') return refused(bad_field);
    }
    if (line_end == std::string_view::npos && bytes.size() > limits.request_line) return refused(long_line);
    if (bytes.size() > limits.header_block) return refused(large_head);
    return {};
}

}  // namespace

bool split_field(std::string_view line, std::string_view& name, std::string_view& value) noexcept
{
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    name = line.substr(0, colon);
    value = trim_blanks(line.substr(colon + 1));
    return all(name, token_char) && all(value, value_char);
}

head_check check_head(std::string_view bytes, const framing_limits& limits) noexcept
{
    const auto end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) return unfinished(bytes, limits);
    if (end + 4 > limits.header_block) {
        return refused(bytes.find('\n') > limits.request_line ? long_line : large_head);
    }
    head_scan scan;
    std::size_t lines = 0;
    for (auto block = bytes.substr(0, end + 2); !block.empty(); ++lines) {
        // Each line ends with CRLF. It cannot contain another CR or LF, because value_char, token_char and target_char
        // exclude both.
        const auto stop = block.find("\r\n");
        const auto line = block.substr(0, stop);
        if (lines > limits.fields) return refused(large_head);
        const auto* why = lines == 0 ? scan.request_line(line, limits) : scan.field(line);
        if (why != nullptr) return refused(*why);
        block.remove_prefix(stop + 2);
    }
    head_check ok{head_state::complete, {}, {}};
    if (const auto* why = scan.finish(ok.facts)) return refused(*why);
    ok.facts.size = end + 4;
    return ok;
}

}  // namespace agora::http
