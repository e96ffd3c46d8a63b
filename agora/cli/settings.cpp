// SPDX-License-Identifier: MIT
// `agora settings`: lists every setting with its meaning, the values that it takes and its default, as text for a
// terminal or as the Markdown of docs/reference/settings.md.
#include <fmt/format.h>
#include <agora/application/config.hpp>
#include <agora/cli/cli.hpp>

namespace agora::cli {

namespace {

constexpr std::string_view text_head =
    "Settings are read from agora.conf, .env, the environment and flags; the later one wins. NAME_FILE reads a secret\n"
    "from a file.\n";
constexpr std::string_view page_head =
    "# Settings\n\nThis page is made by `./dev docs` from the program; `agora settings` prints the same list. Settings "
    "are read from\n`agora.conf` in the data folder (or `--config`), `.env`, the environment and flags; the later one "
    "wins. `NAME_FILE`\nreads a secret from a file. `agora doctor` shows the values in effect.\n";

/// A cell of a Markdown table.
std::string cell(std::string_view text)
{
    std::string out;
    for (const char c : text) {
        if (c == '|') out += '\\';
        out += c;
    }
    return out;
}

void print_group(const application::setting_help& s, bool markdown)
{
    if (markdown) {
        fmt::print("\n## {}\n\n| setting | meaning | values | default |\n|---|---|---|---|\n", s.group);
    } else {
        fmt::print("\n{}\n", s.group);
    }
}

}  // namespace

int run_settings(bool markdown)
{
    fmt::print("{}", markdown ? page_head : text_head);
    std::string_view group;
    for (const auto& s : application::all_settings()) {
        if (s.group != group) print_group(s, markdown);
        group = s.group;
        if (markdown) {
            fmt::print("| `{}` | {} | {} | {} |\n", s.name, cell(s.meaning), cell(s.allowed),
                       s.default_value.empty() ? std::string{} : "`" + cell(s.default_value) + "`");
        } else {
            fmt::print("  {:24} {}\n  {:24} values: {}{}{}\n", s.name, s.meaning, "", s.allowed,
                       s.default_value.empty() ? "" : "; default: ", s.default_value);
        }
    }
    return 0;
}

}  // namespace agora::cli
