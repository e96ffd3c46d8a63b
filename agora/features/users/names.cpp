// SPDX-License-Identifier: MIT
// The rules for usernames and display names, see names.hpp. Pure. Start at refuse_username() for the name of a new
// account, and at checked_display_name() for a change of the profile.
#include <agora/api/text.hpp>
#include <agora/api/visible_text.hpp>
#include <agora/features/users/users.hpp>
#include <algorithm>

namespace agora::field_codes {
const field_code reserved{"reserved", "The name is kept for the server itself."};
}  // namespace agora::field_codes

namespace agora::users {
namespace {

// In lower case, without punctuation. Words that a member may reasonably choose, like `test` or `guest`, are not here.
constexpr std::string_view reserved =
    " abuse account accounts activate active admin administrator administrators admins agora analytics "
    "anonymous api apikeys assets auth billing byname categories category comments config console contact "
    "daemon deleted deleteduser docs email events everyone favicon faviconico feed feedatom feeds files "
    "followers following health help helpdesk hostmaster hot images jobs legal live localhost login logout "
    "mail mailerdaemon me metrics mod moderation moderator moderators mods myself new noreply notifications "
    "null official openapi openapijson operator pages password postmaster posts privacy profile ready recover "
    "refresh register reset resetpassword robots robotstxt root search security self session sessions settings "
    "signin signout signup sitemap sitemapxml staff static status superuser support sysadmin sysop system tag "
    "tags team terms top undefined upload uploads users verify verifyemail version webmaster wellknown write "
    "ws www ";

bool is_sign(char c) noexcept { return c == '.' || c == '_' || c == '-'; }
bool is_letter(char c) noexcept { return !is_sign(c) && (c < '0' || c > '9'); }

}  // namespace

bool is_reserved(std::string_view normalized)
{
    std::string letters;
    std::ranges::copy_if(normalized, std::back_inserter(letters), [](char c) { return !is_sign(c); });
    return reserved.find(" " + letters + " ") != std::string_view::npos;
}

std::optional<field_error> refuse_username(std::string_view name, bool reserved_too)
{
    if (api::characters(name) < min_username || api::characters(name) > max_username)
        return field_error{"username", field_codes::invalid, "must have 2 to 30 characters"};
    if (!is_username(name))
        return field_error{"username", field_codes::invalid,
                           "may contain only letters, digits and the characters _ . -"};
    if (name.starts_with(left_prefix))
        return field_error{"username", field_codes::reserved,
                           "must not begin with deleted-, which marks deleted accounts"};
    if (!std::ranges::any_of(name, is_letter))
        return field_error{"username", field_codes::invalid,
                           "must contain a letter, because digits alone look like an id"};
    if (!reserved_too && is_reserved(name))
        return field_error{"username", field_codes::reserved, "is reserved; choose another name"};
    return std::nullopt;
}

std::string checked_display_name(std::string_view written, std::vector<field_error>& errors)
{
    auto name = api::tidied(written);
    api::check_length("display_name", name, max_display_name, errors);
    if (api::has_hidden_characters(name))
        errors.emplace_back("display_name", field_codes::invalid,
                            "must be one line of visible characters, without control or direction characters");
    return name;
}

}  // namespace agora::users
