// SPDX-License-Identifier: MIT
// Times as RFC 3339 text, written and read digit by digit: without a locale, and without an allocation beyond the
// result's. Start at append_rfc3339() and parse_rfc3339().
#include <charconv>
#include <larder/rfc3339.hpp>

namespace larder {
namespace {

void put_digits(char* to, unsigned value, int width)
{
    for (int i = width - 1; i >= 0; --i) {
        to[i] = static_cast<char>('0' + value % 10);
        value /= 10;
    }
}

/// Reads exactly `width` digits and removes them from the front.
bool take_number(std::string_view& text, std::size_t width, unsigned& out)
{
    if (text.size() < width) return false;
    auto [end, ec] = std::from_chars(text.data(), text.data() + width, out);
    if (ec != std::errc{} || end != text.data() + width || text[0] == '+') return false;
    text.remove_prefix(width);
    return true;
}

bool take_char(std::string_view& text, char c)
{
    if (text.empty() || text[0] != c) return false;
    text.remove_prefix(1);
    return true;
}

/// Reads an optional fraction of a second as milliseconds; digits after the third are ignored.
bool take_fraction(std::string_view& text, unsigned& ms)
{
    ms = 0;
    if (!take_char(text, '.')) return true;
    unsigned scale = 100;
    std::size_t digits = 0;
    while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
        ms += static_cast<unsigned>(text[0] - '0') * scale;
        scale /= 10;
        ++digits;
        text.remove_prefix(1);
    }
    return digits > 0;
}

}  // namespace

void append_rfc3339(std::string& out, timestamp t)
{
    const auto day = std::chrono::floor<std::chrono::days>(t);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{t - day};
    char text[] = "0000-00-00T00:00:00.000Z";
    put_digits(text, static_cast<unsigned>(static_cast<int>(date.year())), 4);
    put_digits(text + 5, static_cast<unsigned>(date.month()), 2);
    put_digits(text + 8, static_cast<unsigned>(date.day()), 2);
    put_digits(text + 11, static_cast<unsigned>(time.hours().count()), 2);
    put_digits(text + 14, static_cast<unsigned>(time.minutes().count()), 2);
    put_digits(text + 17, static_cast<unsigned>(time.seconds().count()), 2);
    put_digits(text + 20, static_cast<unsigned>(time.subseconds().count()), 3);
    out.append(text, sizeof text - 1);
}

std::string to_rfc3339(timestamp t)
{
    std::string out;
    append_rfc3339(out, t);
    return out;
}

result<timestamp> parse_rfc3339(std::string_view text) noexcept
{
    unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0;
    const bool shape = take_number(text, 4, year) && take_char(text, '-') && take_number(text, 2, month) &&
                       take_char(text, '-') && take_number(text, 2, day) && take_char(text, 'T') &&
                       take_number(text, 2, hour) && take_char(text, ':') && take_number(text, 2, minute) &&
                       take_char(text, ':') && take_number(text, 2, second) && take_fraction(text, ms);
    if (!shape || !(text.empty() || text == "Z")) return make_error_code(errc::malformed);
    const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(year)}, std::chrono::month{month},
                                           std::chrono::day{day}};
    // 60 is a leap second (RFC 3339 5.7); it is stored as the next second.
    if (!date.ok() || hour > 23 || minute > 59 || second > 60) return make_error_code(errc::malformed);
    return std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
           std::chrono::seconds{second} + std::chrono::milliseconds{ms};
}

}  // namespace larder
