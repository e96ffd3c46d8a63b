// SPDX-License-Identifier: MIT
// See agent_name.hpp. Nearly all browsers also name those that they descend from, so the youngest name is looked for
// first.
#include <agora/features/sessions/agent_name.hpp>
#include <algorithm>
#include <array>
#include <utility>

namespace agora::sessions {
namespace {

using named = std::pair<std::string_view, std::string_view>;

constexpr std::array<named, 7> browsers{{{"Edg", "Edge"},
                                         {"OPR/", "Opera"},
                                         {"SamsungBrowser/", "Samsung Internet"},
                                         {"Firefox/", "Firefox"},
                                         {"FxiOS/", "Firefox"},
                                         {"Chrome/", "Chrome"},
                                         {"Safari/", "Safari"}}};
constexpr std::array<named, 7> systems{{{"iPhone", "iPhone"},
                                        {"iPad", "iPad"},
                                        {"Android", "Android"},
                                        {"Windows", "Windows"},
                                        {"CrOS", "ChromeOS"},
                                        {"Mac OS X", "macOS"},
                                        {"Linux", "Linux"}}};

template <std::size_t N>
std::string_view first_in(std::string_view text, const std::array<named, N>& names)
{
    const auto found = std::ranges::find_if(names, [&](const named& n) { return text.find(n.first) != text.npos; });
    return found == names.end() ? std::string_view{} : found->second;
}

}  // namespace

std::string agent_name(std::string_view user_agent)
{
    if (user_agent.empty()) return "A program";
    const auto browser = first_in(user_agent, browsers);
    const auto system = first_in(user_agent, systems);
    if (!user_agent.starts_with("Mozilla/")) {
        std::string program{user_agent.substr(0, user_agent.find(' '))};
        std::ranges::replace(program, '/', ' ');
        return "A program (" + program + ")";
    }
    std::string name{browser.empty() ? std::string_view{"A browser"} : browser};
    if (!system.empty()) name.append(" on ").append(system);
    return name;
}

}  // namespace agora::sessions
