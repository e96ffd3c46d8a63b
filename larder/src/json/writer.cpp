// SPDX-License-Identifier: MIT
// Writes strings and doubles as JSON, for larder/json/write.hpp. append_text() copies runs of plain bytes, which
// plain_run() finds 16 bytes at a time, and escapes or repairs the bytes in between. Its output is always valid UTF-8.
#include <cmath>
#include <larder/json/write.hpp>
#include <larder/utf8.hpp>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace larder::json::detail {
namespace {

/// Bytes that need no escape inside a JSON string: ASCII from 0x20 except `"` and `\`.
constexpr auto is_plain = [] {
    std::array<bool, 256> t{};
    for (unsigned c = 0x20; c < 0x80; ++c) t[c] = c != '"' && c != '\\';
    return t;
}();

/// Returns the length of the leading run of plain bytes, which it checks 16 at a time.
std::size_t plain_run(const char* p, std::size_t n) noexcept
{
    std::size_t i = 0;
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    const __m128i last_control = _mm_set1_epi8(0x1f);
    for (; i + 16 <= n; i += 16) {
        const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + i));
        // The comparison is signed, so bytes from 0x80 are negative and end the run, as control characters do.
        const __m128i plain = _mm_cmpgt_epi8(v, last_control);
        const __m128i special = _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash));
        const auto stop = static_cast<unsigned>(_mm_movemask_epi8(_mm_andnot_si128(special, plain))) ^ 0xffffU;
        if (stop != 0) return i + static_cast<std::size_t>(__builtin_ctz(stop));
    }
#endif
    while (i < n && is_plain[static_cast<unsigned char>(p[i])]) ++i;
    return i;
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
