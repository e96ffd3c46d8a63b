// SPDX-License-Identifier: MIT
// Sign-ins by token on both databases: signing in, refresh tokens and their reuse, and what ends a sign-in.
#include <gmock/gmock.h>
#include <agora/features/sign_ins/sign_ins_fixture.hpp>

namespace agora::sign_ins {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

FORUM_SUITE(sign_ins_in);

TEST_P(sign_ins_in, one_signs_in_by_name_or_address_in_any_case)
{
    const auto id = enroll("Ann.B");
    for (const auto* login : {"ann.b", "ANN.B", "Ann.B@Example.ORG"}) {
        const auto t = sign_in_as(login);
        ASSERT_TRUE(t) << login;
        const auto c = read(t->access_token);
        EXPECT_EQ(c.user_id, id);
        EXPECT_TRUE(c.fresh);
        EXPECT_EQ(t->expires_in, 900);
        EXPECT_EQ(read(t->refresh_token, credentials::token_type::refresh).family, c.family);
    }
    EXPECT_THAT(events(), ElementsAre("signed_in", "signed_in", "signed_in"));
    EXPECT_EQ(run(db().first<std::string>("SELECT display_name FROM users WHERE id = $1", id)), "Ann.B");
}

TEST_P(sign_ins_in, an_unknown_name_and_a_wrong_password_look_the_same)
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

TEST_P(sign_ins_in, a_refresh_token_is_good_once)
{
    enroll("ann");
    const auto first = *sign_in_as("ann");
    clock_.advance(1min);
    const auto second = run(sign_ins_.exchange(first.refresh_token, from()));
    ASSERT_TRUE(second);
    EXPECT_NE(second->refresh_token, first.refresh_token);
    EXPECT_FALSE(read(second->access_token).fresh);
    EXPECT_EQ(read(second->access_token).family, read(first.access_token).family);
    clock_.advance(1min);
    EXPECT_TRUE(run(sign_ins_.exchange(second->refresh_token, from())));
    EXPECT_EQ(refused(run(sign_ins_.exchange(first.access_token, from()))), "invalid_token")
        << "an access token is not a refresh token";
}

TEST_P(sign_ins_in, a_repeated_request_gets_the_same_successor_for_some_seconds)
{
    enroll("ann");
    const auto first = *sign_in_as("ann");
    const auto second = run(sign_ins_.exchange(first.refresh_token, from()));
    clock_.advance(9s);
    const auto again = run(sign_ins_.exchange(first.refresh_token, from()));
    ASSERT_TRUE(again) << "the response may have been lost, or two tabs may have asked";
    EXPECT_EQ(again->refresh_token, second->refresh_token) << "there is no second successor";
}

TEST_P(sign_ins_in, a_refresh_token_that_comes_again_ends_the_sign_in)
{
    enroll("ann");
    const auto first = *sign_in_as("ann");
    const auto second = run(sign_ins_.exchange(first.refresh_token, from()));
    clock_.advance(11s);
    EXPECT_EQ(refused(run(sign_ins_.exchange(first.refresh_token, from("198.51.100.1")))), "token_reused");
    EXPECT_EQ(refused(run(sign_ins_.exchange(second->refresh_token, from()))), "signed_out")
        << "for the thief and for the owner";
    EXPECT_THAT(events(), ElementsAre("signed_in", "token_reused"));
    EXPECT_TRUE(sign_in_as("ann"));
}

TEST_P(sign_ins_in, a_sign_in_ends_after_a_month)
{
    enroll("ann");
    auto t = *sign_in_as("ann");
    clock_.advance(std::chrono::hours{24 * 29});
    t = *run(sign_ins_.exchange(t.refresh_token, from()));
    clock_.advance(std::chrono::hours{25});
    EXPECT_EQ(refused(run(sign_ins_.exchange(t.refresh_token, from()))), "token_expired")
        << "however often it was renewed";
}

TEST_P(sign_ins_in, a_new_password_ends_all_other_sign_ins)
{
    const auto id = enroll("ann");
    const auto here = *sign_in_as("ann");
    const auto there = *sign_in_as("ann");
    const auto keep = read(here.access_token).family;
    EXPECT_EQ(run(accounts_.change_password(id, "wrong", "harbour-lamp-3", keep, from())).error().fields[0].field,
              "old_password");
    EXPECT_EQ(run(accounts_.change_password(id, "kelp-morning-7", "ann", keep, from())).error().fields[0].code,
              "too_short");
    EXPECT_TRUE(run(accounts_.change_password(id, "kelp-morning-7", "harbour-lamp-3", keep, from())));
    EXPECT_TRUE(run(sign_ins_.exchange(here.refresh_token, from())));
    EXPECT_EQ(refused(run(sign_ins_.exchange(there.refresh_token, from()))), "signed_out");
    EXPECT_FALSE(sign_in_as("ann"));
    EXPECT_TRUE(sign_in_as("ann", "harbour-lamp-3"));
}

TEST_P(sign_ins_in, a_deleted_user_is_signed_out)
{
    const auto id = enroll("ann");
    const auto t = *sign_in_as("ann");
    execute("UPDATE users SET deleted_at = 1 WHERE id = $1", id);
    EXPECT_FALSE(run(store_.status_of(id)).active);
    EXPECT_EQ(refused(run(sign_ins_.exchange(t.refresh_token, from()))), "signed_out");
    EXPECT_EQ(refused(sign_in_as("ann")), "wrong_credentials");
}

TEST_P(sign_ins_in, a_password_that_was_changed_meanwhile_begins_no_sign_in_and_does_not_come_back)
{
    const auto id = enroll("ann");
    const auto before = *run(store_.find("ann"));
    EXPECT_TRUE(run(accounts_.change_password(id, "kelp-morning-7", "harbour-lamp-3", "", from())));
    const auto after = *run(store_.find("ann"));
    EXPECT_GT(after.password_changed_at, before.password_changed_at) << "although the clock did not advance";
    EXPECT_EQ(refused(run(sign_ins_.start(before, from()))), "wrong_credentials");
    EXPECT_EQ(number("SELECT count(*) FROM sign_ins"), 0);
    const auto rehash = [&]() -> asio::awaitable<bool> {
        co_await store_.rehash(before, "the old password, hashed anew");
        co_return true;
    };
    run(rehash());
    EXPECT_EQ(run(store_.find("ann"))->password_hash, after.password_hash);
    EXPECT_FALSE(run(store_.set_password(before, "another", "", clock_.wall())));
    EXPECT_EQ(run(accounts_.set_password(before, "morning-harbour-5", "")).error().code, "password_changed");
    EXPECT_TRUE(sign_in_as("ann", "harbour-lamp-3"));
}

}  // namespace
}  // namespace agora::sign_ins
