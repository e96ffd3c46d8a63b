// SPDX-License-Identifier: MIT
// The page on which members delete their accounts.
#include <gmock/gmock.h>
#include <agora/features/account_deletion/account_deletion.hpp>
#include <agora/features/sign_ins/sign_ins_fixture.hpp>

namespace agora::account_deletion {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class leaving_in : public sign_ins::sign_ins_in {
 protected:
    bool there(std::int64_t id) { return run(store_.status_of(id)).active; }

    api_keys::slice keys_{parts()};
    authentication::request_authenticator authenticator_{parts(), accounts_, keys_, sign_ins_, {}};
    account_deletion::slice deletion_{parts(), accounts_, events_, authenticator_};
};
FORUM_SUITE(leaving_in);

TEST_P(leaving_in, needs_the_password)
{
    const auto ann = enroll("ann");
    const auto page = as(ann).get("/settings/leave");
    EXPECT_EQ(page.status, 200U);
    EXPECT_THAT(page.body, HasSubstr(R"(name="scrub" value="" checked>)"));
    const auto wrong = as(ann).form("/settings/leave", "scrub=true&password=guessed-guessed");
    EXPECT_EQ(wrong.status, 401U);
    EXPECT_THAT(wrong.body, HasSubstr(R"(id="password-e")"));
    EXPECT_THAT(wrong.body, HasSubstr(R"(name="scrub" value="true" checked>)"));
    EXPECT_THAT(wrong.body, Not(HasSubstr("guessed")));
    EXPECT_EQ(guest().form("/settings/leave", "password=kelp-morning-7").status, 401U);
    EXPECT_TRUE(there(ann));
}

TEST_P(leaving_in, deletes_the_account_and_forgets_the_browser)
{
    const auto ann = enroll("ann");
    const auto left = as(ann).form("/settings/leave", "scrub=&password=kelp-morning-7");
    EXPECT_EQ(left.status, 200U) << left.body;
    EXPECT_THAT(left.body, HasSubstr("You have left"));
    EXPECT_THAT(left.body, HasSubstr(R"(<a href="/sign-in?next=)")) << "what guests see";
    EXPECT_EQ(left.page, nullptr) << "no slots are filled for the member";
    EXPECT_THAT(fields_of(left, "Set-Cookie"), Contains(HasSubstr("agora.in=; Path=/; Max-Age=0")));
    EXPECT_THAT(fields_of(left, "Clear-Site-Data"), ElementsAre("\"cache\""));
    EXPECT_FALSE(there(ann));
    EXPECT_THAT(events(), Contains("left"));
}

TEST_P(leaving_in, the_last_administrator_stays_and_reads_why)
{
    const auto ann = enroll("ann");
    EXPECT_TRUE(run(store_.set_role(ann, "admin", 0)));
    const auto refused = as(ann, http::role::admin).form("/settings/leave", "password=kelp-morning-7");
    EXPECT_EQ(refused.status, 409U);
    EXPECT_THAT(refused.body, HasSubstr(R"(role="alert")"));
    EXPECT_TRUE(there(ann));
}

}  // namespace
}  // namespace agora::account_deletion
