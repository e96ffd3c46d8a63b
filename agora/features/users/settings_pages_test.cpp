// SPDX-License-Identifier: MIT
// The page on which members change their profile.
#include <gmock/gmock.h>
#include <agora/features/users/users.hpp>
#include <agora/testing/forum.hpp>

namespace agora::users {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class profile_settings_in : public testing::forum {
 protected:
    user find_user(std::int64_t id) { return *run(find(users_.store(), id)); }

    users::slice users_{parts()};
};
FORUM_SUITE(profile_settings_in);

TEST_P(profile_settings_in, the_form_changes_the_profile)
{
    const auto ann = add_user("ann");
    const auto page = as(ann).get("/settings/profile");
    EXPECT_EQ(page.status, 200U);
    EXPECT_THAT(page.body, HasSubstr(R"(<a href="/settings/profile" aria-current="page">Profile</a>)"));
    EXPECT_THAT(page.body, HasSubstr(R"(name="display_name" type="text" value="ann")"));
    EXPECT_THAT(page.body, Not(HasSubstr("is saved")));
    const auto saved = as(ann).form("/settings/profile", "display_name=Ann+B.&bio=One%0D%0A%3Cb%3Etwo");
    EXPECT_EQ(saved.status, 303U) << saved.body;
    EXPECT_THAT(fields_of(saved, "Location"), ElementsAre("/settings/profile?saved=1"));
    EXPECT_EQ(find_user(ann).display_name, "Ann B.");
    EXPECT_EQ(find_user(ann).bio, "One\n<b>two");
    const auto again = as(ann).get("/settings/profile?saved=1");
    EXPECT_THAT(again.body, HasSubstr(R"(Your profile is saved. <a href="/u/ann">)"));
    EXPECT_THAT(again.body, HasSubstr("One\n&lt;b&gt;two</textarea>"));
}

TEST_P(profile_settings_in, a_refused_form_is_shown_again_with_what_was_typed)
{
    const auto ann = add_user("ann");
    const auto refused = as(ann).form("/settings/profile", "display_name=&bio=kept");
    EXPECT_EQ(refused.status, 422U);
    EXPECT_THAT(refused.body, HasSubstr(R"(<p class="error" id="display_name-e">)"));
    EXPECT_THAT(refused.body, HasSubstr("\nkept</textarea>"));
    EXPECT_EQ(find_user(ann).display_name, "ann");
}

TEST_P(profile_settings_in, guests_are_asked_to_sign_in_and_lose_nothing)
{
    EXPECT_EQ(guest().get("/settings/profile").status, 401U);
    const auto asked = guest().form("/settings/profile", "display_name=Ann&bio=About+me");
    EXPECT_EQ(asked.status, 401U);
    EXPECT_THAT(asked.body, HasSubstr(R"(<input type="hidden" name="form" value="/settings/profile">)"));
    EXPECT_THAT(asked.body, HasSubstr(R"(name="kept.bio" value="About me")"));
}

TEST_P(profile_settings_in, changes_are_limited)
{
    const auto ann = add_user("ann");
    for (int i = 0; i < 20; ++i) EXPECT_EQ(as(ann).form("/settings/profile", "display_name=A&bio=").status, 303U);
    EXPECT_EQ(as(ann).form("/settings/profile", "display_name=A&bio=").status, 429U);
}

}  // namespace
}  // namespace agora::users
