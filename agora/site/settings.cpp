// SPDX-License-Identifier: MIT
// See settings.hpp.
#include <agora/site/forms.hpp>
#include <agora/site/settings.hpp>
#include <array>

namespace agora::site {
namespace {

struct settings_tab {
    std::string_view name;  ///< last part of the path
    std::string_view text;
};
constexpr std::array<settings_tab, 6> settings_tabs{{{"profile", "Profile"},
                                                     {"email", "E-mail"},
                                                     {"password", "Password"},
                                                     {"sessions", "Sessions"},
                                                     {"api-keys", "API keys"},
                                                     {"leave", "Leave"}}};

}  // namespace

page settings_page(settings part, std::string_view notice)
{
    const auto& current = settings_tabs.at(static_cast<std::size_t>(part));
    const auto tabs = html::each(settings_tabs, [&](html::writer& out, const settings_tab& t) {
        out.write(R"(<a href="/settings/{}" aria-current="{}">{}</a>)", t.name,
                  &t == &current ? std::optional<std::string_view>{"page"} : std::nullopt, t.text);
    });
    page p;
    p.title = current.text;
    p.indexed = false;
    p.mid = true;
    p.main.write(R"(<h1>Settings</h1><nav class="tabs" aria-label="Settings">{}</nav>)", tabs);
    write_notice(p.main, notice);
    return p;
}

}  // namespace agora::site
