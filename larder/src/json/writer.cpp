// SPDX-License-Identifier: MIT
#include <cmath>
#include <larder/json/write.hpp>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace larder::json::detail {
namespace {

/// Bytes that stand for themselves inside a JSON string: printable ASCII but `"` and `\`.
constexpr auto is_plain = [] {
    std::array<bool, 256> t{};
    for (unsigned c = 0x20; c < 0x80; ++c) t[c] = c != '"' && c != '\\';
    return t;
}();

/// Length of the leading run of plain bytes, 16 at a time.
std::size_t plain_run(const char* p, std::size_t n) noexcept
{
    std::size_t i = 0;
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    const __m128i last_control = _mm_set1_epi8(0x1f);
    for (; i + 16 <= n; i += 16) {
        const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + i));
        // Signed comparison: bytes from 0x80 are negative, so they stop the run together with the controls.
        const __m128i plain = _mm_cmpgt_epi8(v, last_control);
        const __m128i special = _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash));
        const auto stop = static_cast<unsigned>(_mm_movemask_epi8(_mm_andnot_si128(special, plain))) ^ 0xffffU;
        if (stop != 0) return i + static_cast<std::size_t>(__builtin_ctz(stop));
    }
#endif
    while (i < n && is_plain[static_cast<unsigned char>(p[i])]) ++i;
    return i;
}

bool is_tail(char c) noexcept { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

/// Length of the well-formed UTF-8 sequence at the front (RFC 3629 4), 0 when there is none.
std::size_t utf8_length(std::string_view s) noexcept
{
    const auto a = static_cast<unsigned char>(s[0]);
    const auto b = s.size() > 1 ? static_cast<unsigned char>(s[1]) : 0U;
    if (a >= 0xc2 && a <= 0xdf) return s.size() >= 2 && is_tail(s[1]) ? 2 : 0;
    if (a >= 0xe0 && a <= 0xef) {
        const bool shortest = a != 0xe0 || b >= 0xa0;
        const bool no_surrogate = a != 0xed || b < 0xa0;
        return s.size() >= 3 && is_tail(s[1]) && is_tail(s[2]) && shortest && no_surrogate ? 3 : 0;
    }
    if (a >= 0xf0 && a <= 0xf4) {
        const bool in_range = (a != 0xf0 || b >= 0x90) && (a != 0xf4 || b < 0x90);
        return s.size() >= 4 && is_tail(s[1]) && is_tail(s[2]) && is_tail(s[3]) && in_range ? 4 : 0;
    }
    return 0;
}

void append_escape(std::string& out, char c)
{
    switch (c) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        case '\b':
            out += "\\b";
            return;
        case '\f':
            out += "\\f";
            return;
        default:
            break;
    }
    constexpr std::string_view digits = "0123456789abcdef";
    const auto u = static_cast<unsigned char>(c);
    const char escape[] = {'\\', 'u', '0', '0', digits[u >> 4], digits[u & 15]};
    out.append(escape, sizeof escape);
}

}  // namespace

void append_text(std::string& out, std::string_view text)
{
    out += '"';
    while (!text.empty()) {
        const auto run = plain_run(text.data(), text.size());
        out.append(text.data(), run);
        text.remove_prefix(run);
        if (text.empty()) break;
        if ((static_cast<unsigned char>(text[0]) & 0x80) == 0) {
            append_escape(out, text[0]);
            text.remove_prefix(1);
            continue;
        }
        const auto length = utf8_length(text);
        out += length == 0 ? "\xef\xbf\xbd" : text.substr(0, length);
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    out += '"';
}

void append_double(std::string& out, double v)
{
    if (!std::isfinite(v)) {
        out += "null";
        return;
    }
    char digits[32];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, v).ptr);
}

}  // namespace larder::json::detail
