// SPDX-License-Identifier: MIT
// The page of a member's API keys: a new key is shown once, and revoked by its button.
#include <gmock/gmock.h>
#include <agora/credentials/secrets.hpp>
#include <agora/features/accounts/accounts_fixture.hpp>
#include <agora/features/api_keys/api_keys.hpp>

namespace agora::api_keys {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class api_key_pages_in : public accounts::accounts_in {
 protected:
    std::optional<key_owner> owner_of(const std::string& key)
    {
        return run(keys_.store().owner_of(credentials::hash_of_secret(key)));
    }
    /// The key in a page; empty if it shows none.
    static std::string shown_key(const std::string& page)
    {
        const std::string before = R"(<code class="key">)";
        const auto at = page.find(before);
        if (at == std::string::npos) return {};
        return page.substr(at + before.size(), page.find('<', at + before.size()) - at - before.size());
    }

    api_keys::slice keys_{parts()};
};
FORUM_SUITE(api_key_pages_in);

TEST_P(api_key_pages_in, a_new_key_is_shown_once)
{
    const auto ann = enroll("ann");
    const auto made = as(ann).form("/settings/api-keys", "name=nightly&scopes=read+write&expires_in_days=30");
    EXPECT_EQ(made.status, 200U);
    EXPECT_EQ(made.cache_control, "no-store");
    EXPECT_THAT(made.body, HasSubstr("The key “nightly” is made."));
    const auto owner = owner_of(shown_key(made.body));
    ASSERT_TRUE(owner);
    EXPECT_EQ(owner->user_id, ann);
    EXPECT_FALSE(owner->read_only);
    EXPECT_EQ(owner->expires_at, clock_.wall() + std::chrono::hours{24 * 30});
    const auto list = as(ann).get("/settings/api-keys");
    EXPECT_THAT(list.body, HasSubstr("<b>nightly</b>"));
    EXPECT_THAT(list.body, HasSubstr("read, write"));
    EXPECT_EQ(shown_key(list.body), "");
    EXPECT_THAT(as(enroll("bob")).get("/settings/api-keys").body, Not(HasSubstr("nightly")));
}

TEST_P(api_key_pages_in, a_key_only_reads_and_lives_on_if_nothing_else_is_chosen)
{
    const auto made = as(enroll("ann")).form("/settings/api-keys", "name=statistics&scopes=read&expires_in_days=");
    const auto owner = owner_of(shown_key(made.body));
    ASSERT_TRUE(owner);
    EXPECT_TRUE(owner->read_only);
    EXPECT_FALSE(owner->expires_at);
    EXPECT_THAT(made.body, HasSubstr("until it is revoked"));
}

TEST_P(api_key_pages_in, a_refused_form_is_shown_again)
{
    const auto ann = enroll("ann");
    const auto unnamed = as(ann).form("/settings/api-keys", "name=&scopes=read+write&expires_in_days=365");
    EXPECT_EQ(unnamed.status, 422U);
    EXPECT_THAT(unnamed.body, HasSubstr(R"(id="name-e")"));
    EXPECT_THAT(unnamed.body, HasSubstr(R"(value="read write" checked>)"));
    EXPECT_THAT(unnamed.body, HasSubstr(R"(<option value="365" selected>)"));
    EXPECT_EQ(as(ann).form("/settings/api-keys", "name=k&scopes=read&expires_in_days=ever").status, 422U);
    EXPECT_EQ(number("SELECT count(*) FROM api_keys"), 0);
}

TEST_P(api_key_pages_in, a_key_is_revoked_by_its_owner)
{
    const auto ann = enroll("ann");
    const auto key = shown_key(as(ann).form("/settings/api-keys", "name=k&scopes=read").body);
    const auto path = "/settings/api-keys/" + std::to_string(owner_of(key)->id) + "/revoke";
    EXPECT_EQ(as(enroll("bob")).form(path, "").status, 404U);
    EXPECT_EQ(guest().form(path, "").status, 401U);
    EXPECT_TRUE(owner_of(key));
    EXPECT_THAT(fields_of(as(ann).get(path), "Location"), ElementsAre("/settings/api-keys"));
    EXPECT_TRUE(owner_of(key)) << "opening the address changes nothing";
    EXPECT_THAT(fields_of(as(ann).form(path, ""), "Location"), ElementsAre("/settings/api-keys?revoked=1"));
    EXPECT_FALSE(owner_of(key));
    EXPECT_THAT(as(ann).get("/settings/api-keys?revoked=1").body, HasSubstr("The key is revoked."));
}

}  // namespace
}  // namespace agora::api_keys
