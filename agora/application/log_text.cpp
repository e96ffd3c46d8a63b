// SPDX-License-Identifier: MIT
// Formats log lines as text for a terminal: append_text_line() for messages and for requests. Every text that may come
// from a client goes through append_escaped().
#include <fmt/format.h>
#include <agora/application/log_text.hpp>

#include <array>
#include <ctime>
#include <iterator>

namespace agora::application {
namespace {

// SGR codes from ECMA-48.
constexpr std::string_view dim = "2";
constexpr std::string_view red = "1;31";
constexpr std::string_view green = "32";
constexpr std::string_view yellow = "33";
constexpr std::string_view cyan = "36";

struct level_style {
    std::string_view name;   ///< spdlog's name
    std::string_view shown;  ///< padded to five columns
    std::string_view color;
};
constexpr std::array<level_style, 6> levels{{{"trace", "trace", dim},
                                             {"debug", "debug", cyan},
                                             {"info", "info ", green},
                                             {"warning", "warn ", yellow},
                                             {"error", "error", red},
                                             {"critical", "fatal", red}}};

const level_style& style_of(std::string_view level)
{
    for (const auto& l : levels) {
        if (l.name == level) return l;
    }
    return levels[2];
}

void paint(std::string& to, std::string_view text, std::string_view color, bool on)
{
    if (!on) {
        to += text;
        return;
    }
    to.append("\x1b[").append(color).append("m").append(text).append("\x1b[0m");
}

/// Appends the text with escaped control characters: C0 and DEL as \xNN, and the C1 controls, which some terminals obey
/// and which are two bytes in UTF-8, as \u00NN.
void append_escaped(std::string& to, std::string_view text)
{
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        const bool c1 = c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
        if (c < 0x20 || c == 0x7f) {
            fmt::format_to(std::back_inserter(to), "\\x{:02x}", c);
        } else if (c1) {
            fmt::format_to(std::back_inserter(to), "\\u00{:02x}", static_cast<unsigned char>(text[++i]));
        } else {
            to += text[i];
        }
    }
}

void append_start(std::string& to, larder::timestamp at, std::string_view level, bool color)
{
    const auto whole = std::chrono::floor<std::chrono::seconds>(at);
    const std::time_t t = whole.time_since_epoch().count();
    std::tm parts{};
    localtime_r(&t, &parts);
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(at - whole).count();
    paint(to, fmt::format("{:02}:{:02}:{:02}.{:03}", parts.tm_hour, parts.tm_min, parts.tm_sec, ms), dim, color);
    to += ' ';
    const auto& l = style_of(level);
    paint(to, l.shown, l.color, color);
    to += ' ';
}

std::string_view color_of_status(unsigned status)
{
    if (status >= 500) return red;
    if (status >= 400) return yellow;
    return status >= 300 ? cyan : green;
}

std::string size_text(std::size_t bytes)
{
    constexpr std::size_t kibi = 1024;
    if (bytes < kibi) return fmt::format("{} B", bytes);
    if (bytes < kibi * kibi) return fmt::format("{:.1f} KiB", static_cast<double>(bytes) / kibi);
    return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (kibi * kibi));
}

std::string time_text(std::int64_t us)
{
    if (us < 1000) return fmt::format("{} us", us);
    if (us < 1'000'000) return fmt::format("{:.1f} ms", static_cast<double>(us) / 1000);
    return fmt::format("{:.2f} s", static_cast<double>(us) / 1'000'000);
}

}  // namespace

void append_text_line(std::string& to, const text_line& l, bool color)
{
    append_start(to, l.at, l.level, color);
    append_escaped(to, l.message);
}

void append_text_line(std::string& to, const http::access_record& r, bool color)
{
    append_start(to, r.ts, r.status >= 500 ? "error" : "info", color);
    paint(to, std::to_string(r.status), color_of_status(r.status), color);
    to += ' ';
    append_escaped(to, r.method.empty() ? std::string_view{"(no request)"} : r.method);
    to += ' ';
    append_escaped(to, r.target);
    std::string fields = "  " + time_text(r.duration_us) + "  " + size_text(r.bytes) + "  ";
    append_escaped(fields, r.remote);
    if (r.user_id != 0) fields += "  user " + std::to_string(r.user_id);
    fields += "  ";
    append_escaped(fields, r.request_id);
    paint(to, fields, dim, color);
}

}  // namespace agora::application
