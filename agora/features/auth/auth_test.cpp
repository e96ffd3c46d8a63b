// SPDX-License-Identifier: MIT
// Accounts on both databases: registering, signing in, refresh tokens and their reuse, and new passwords.
#include <gmock/gmock.h>
#include <agora/features/auth/auth_fixture.hpp>

namespace agora::auth {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

FORUM_SUITE(auth_in);

TEST_P(auth_in, one_signs_in_by_name_or_address_in_any_case)
{
    const auto id = enroll("Ann.B");
    for (const auto* login : {"ann.b", "ANN.B", "Ann.B@Example.ORG"}) {
        const auto t = sign_in_as(login);
        ASSERT_TRUE(t) << login;
        const auto c = read(t->access_token);
        EXPECT_EQ(c.user_id, id);
        EXPECT_TRUE(c.fresh);
        EXPECT_EQ(t->expires_in, 900);
        EXPECT_EQ(read(t->refresh_token, token_type::refresh).family, c.family);
    }
    EXPECT_THAT(events(), ElementsAre("signed_in", "signed_in", "signed_in"));
    EXPECT_EQ(run(db().first<std::string>("SELECT display_name FROM users WHERE id = $1", id)), "Ann.B");
}

TEST_P(auth_in, an_unknown_name_and_a_wrong_password_look_the_same)
{
    enroll("ann");
    const auto unknown = sign_in_as("nobody");
    const auto wrong = sign_in_as("ann", "kelp-morning-8");
    ASSERT_FALSE(unknown);
    ASSERT_FALSE(wrong);
    EXPECT_EQ(unknown.error().code, wrong.error().code);
    EXPECT_EQ(unknown.error().detail, wrong.error().detail);
    EXPECT_EQ(wrong.error().status, 401U);
    EXPECT_EQ(refused(sign_in_as("agora")), "wrong_credentials") << "the operator has no password";
}

TEST_P(auth_in, every_refused_field_is_named)
{
    const auto done = run(auth_.enroll({"a", "not an address", "password1"}, "user"));
    ASSERT_FALSE(done);
    std::vector<std::string> fields;
    for (const auto& f : done.error().fields) fields.push_back(f.field + " " + f.code);
    EXPECT_THAT(fields, ElementsAre("username invalid", "email invalid", "password too_common"));
    for (const auto* email : {"", "a", "@b.c", "a@", "a@b", "a@b..c", "a b@c.d", "a@b@c.d", "a@.b.c", "\"a\"@b.c",
                              "a@b.c.", "a@b.c\r\nBcc: x"})
        EXPECT_FALSE(run(auth_.enroll({"valid", email, "kelp-morning-7"}, "user"))) << email;
    for (const auto* name :
         {"", "a", "12345", "has space", "\xc3\x84nne", "x/y", "a-name-that-is-longer-than-thirty-characters"})
        EXPECT_FALSE(run(auth_.enroll({name, "a@b.cd", "kelp-morning-7"}, "user"))) << name;
}

TEST_P(auth_in, names_belong_to_one_and_addresses_to_who_verifies_them)
{
    const auto ann = enroll("ann");
    EXPECT_EQ(run(auth_.enroll({"ANN", "other@example.org", "kelp-morning-7"}, "user")).error().code, "username_taken");
    const auto other = run(auth_.enroll({"other", "Ann@example.org", "kelp-evening-8"}, "user"));
    ASSERT_TRUE(other) << "the response does not reveal that ann has this address";
    EXPECT_TRUE(sign_in_as("ann@example.org")) << "the first account, as long as no account has verified the address";
    EXPECT_TRUE(run(store_->verify_email(*other, "ann@example.org", clock_.wall())));
    EXPECT_TRUE(sign_in_as("ann@example.org", "kelp-evening-8"));
    EXPECT_EQ(run(store_->verify_email(ann, "ann@example.org", clock_.wall())).error().code, "email_taken");
    EXPECT_EQ(run(auth_.enroll({"third", "ann@example.org", "kelp-morning-7"}, "user", true)).error().code,
              "email_taken");
    EXPECT_EQ(run(auth_.enroll({"agora", "other@example.org", "kelp-morning-7"}, "user")).error().code,
              "invalid_fields")
        << "the name is reserved";
}

TEST_P(auth_in, white_space_around_names_and_addresses_is_no_part_of_them)
{
    const auto id = run(auth_.enroll({" Ann\u00A0", "\tann@example.org ", "kelp-morning-7"}, "user"));
    ASSERT_TRUE(id);
    EXPECT_EQ(run(store_->find(*id))->username, "ann");
    EXPECT_EQ(run(db().first<std::string>("SELECT display_name FROM users WHERE id = $1", *id)), "Ann");
    for (const auto* login : {"ann ", " ANN", "\u3000ann@example.org"}) EXPECT_TRUE(sign_in_as(login)) << login;
    for (const auto* name : {"an\u200Bn", "\u202Eann", "an n", "admin", "Ad.Min"}) {
        const auto done = run(auth_.enroll({name, "b@example.org", "kelp-morning-7"}, "user"));
        ASSERT_FALSE(done) << name;
        EXPECT_EQ(done.error().fields[0].field, "username") << name;
    }
    EXPECT_TRUE(run(auth_.enroll({"admin", "b@example.org", "kelp-morning-7"}, "admin", true)))
        << "the operator may use reserved names";
}

TEST_P(auth_in, a_refresh_token_is_good_once)
{
    enroll("ann");
    const auto first = *sign_in_as("ann");
    clock_.advance(1min);
    const auto second = run(auth_.refresh(first.refresh_token, from()));
    ASSERT_TRUE(second);
    EXPECT_NE(second->refresh_token, first.refresh_token);
    EXPECT_FALSE(read(second->access_token).fresh);
    EXPECT_EQ(read(second->access_token).family, read(first.access_token).family);
    clock_.advance(1min);
    EXPECT_TRUE(run(auth_.refresh(second->refresh_token, from())));
    EXPECT_EQ(refused(run(auth_.refresh(first.access_token, from()))), "invalid_token")
        << "an access token is not a refresh token";
}

TEST_P(auth_in, a_repeated_request_gets_the_same_successor_for_some_seconds)
{
    enroll("ann");
    const auto first = *sign_in_as("ann");
    const auto second = run(auth_.refresh(first.refresh_token, from()));
    clock_.advance(9s);
    const auto again = run(auth_.refresh(first.refresh_token, from()));
    ASSERT_TRUE(again) << "the response may have been lost, or two tabs may have asked";
    EXPECT_EQ(again->refresh_token, second->refresh_token) << "there is no second successor";
}

TEST_P(auth_in, a_refresh_token_that_comes_again_ends_the_sign_in)
{
    enroll("ann");
    const auto first = *sign_in_as("ann");
    const auto second = run(auth_.refresh(first.refresh_token, from()));
    clock_.advance(11s);
    EXPECT_EQ(refused(run(auth_.refresh(first.refresh_token, from("198.51.100.1")))), "token_reused");
    EXPECT_EQ(refused(run(auth_.refresh(second->refresh_token, from()))), "signed_out")
        << "for the thief and for the owner";
    EXPECT_THAT(events(), ElementsAre("signed_in", "token_reused"));
    EXPECT_TRUE(sign_in_as("ann"));
}

TEST_P(auth_in, a_sign_in_ends_after_a_month)
{
    enroll("ann");
    auto t = *sign_in_as("ann");
    clock_.advance(std::chrono::hours{24 * 29});
    t = *run(auth_.refresh(t.refresh_token, from()));
    clock_.advance(std::chrono::hours{25});
    EXPECT_EQ(refused(run(auth_.refresh(t.refresh_token, from()))), "token_expired") << "however often it was renewed";
}

TEST_P(auth_in, a_new_password_ends_all_other_sign_ins)
{
    const auto id = enroll("ann");
    const auto here = *sign_in_as("ann");
    const auto there = *sign_in_as("ann");
    const auto keep = read(here.access_token).family;
    EXPECT_EQ(run(auth_.change_password(id, "wrong", "harbour-lamp-3", keep, from())).error().fields[0].field,
              "old_password");
    EXPECT_EQ(run(auth_.change_password(id, "kelp-morning-7", "ann", keep, from())).error().fields[0].code,
              "too_short");
    EXPECT_TRUE(run(auth_.change_password(id, "kelp-morning-7", "harbour-lamp-3", keep, from())));
    EXPECT_TRUE(run(auth_.refresh(here.refresh_token, from())));
    EXPECT_EQ(refused(run(auth_.refresh(there.refresh_token, from()))), "signed_out");
    EXPECT_FALSE(sign_in_as("ann"));
    EXPECT_TRUE(sign_in_as("ann", "harbour-lamp-3"));
}

TEST_P(auth_in, a_deleted_user_is_signed_out)
{
    const auto id = enroll("ann");
    const auto t = *sign_in_as("ann");
    execute("UPDATE users SET deleted_at = 1 WHERE id = $1", id);
    EXPECT_FALSE(run(store_->status_of(id)).active);
    EXPECT_EQ(refused(run(auth_.refresh(t.refresh_token, from()))), "signed_out");
    EXPECT_EQ(refused(sign_in_as("ann")), "wrong_credentials");
}

TEST_P(auth_in, passwords_are_hashed_anew_when_they_should_cost_more)
{
    enroll("ann");
    password_hasher dearer{{2, 1 << 13}, 1};
    service later{*store_, dearer, keys_, attempts_, clock_};
    EXPECT_TRUE(run(later.sign_in_with({"ann", "kelp-morning-7"}, from())));
    EXPECT_FALSE(dearer.outdated(run(store_->find("ann"))->password_hash));
    EXPECT_TRUE(run(later.sign_in_with({"ann", "kelp-morning-7"}, from())));
}

}  // namespace
}  // namespace agora::auth
