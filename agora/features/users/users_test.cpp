// SPDX-License-Identifier: MIT
#include <agora/features/testing/forum.hpp>
#include <agora/features/users/users.hpp>

namespace agora::users {
namespace {

class users_in : public testing::forum {
 protected:
    std::unique_ptr<store> users_ = make_users_store(db());
};
FORUM_SUITE(users_in);

TEST_P(users_in, every_public_field_is_read)
{
    const std::int64_t id = add_user("ann");
    execute(
        "UPDATE users SET display_name = 'Ann B.', bio = 'hello', avatar_url = '/a.png', role = 'moderator',"
        " followers = 1, following = 2, posts = 3, created_at = 1000 WHERE id = $1",
        id);

    const outcome<user> found = run(one(*users_, id));
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->id, id);
    EXPECT_EQ(found->username, "ann");
    EXPECT_EQ(found->display_name, "Ann B.");
    EXPECT_EQ(found->bio, "hello");
    EXPECT_EQ(found->avatar_url, "/a.png");
    EXPECT_EQ(found->role, "moderator");
    EXPECT_EQ(found->followers, 1);
    EXPECT_EQ(found->following, 2);
    EXPECT_EQ(found->posts, 3);
    EXPECT_FALSE(found->is_following);
    EXPECT_EQ(larder::to_rfc3339(found->created_at), "1970-01-01T00:00:01.000Z");
}

TEST_P(users_in, are_found_by_name_in_any_case)
{
    const std::int64_t id = add_user("ann.b-c_1");
    for (const auto* written : {"ann.b-c_1", "Ann.B-C_1", "ANN.B-C_1"}) {
        const outcome<user> found = run(by_name(*users_, written));
        ASSERT_TRUE(found.has_value()) << written;
        EXPECT_EQ(found->id, id);
    }
}

TEST_P(users_in, what_cannot_be_a_name_is_nobody)
{
    for (const auto* written : {"", "bob", "ann\xff", "a' OR '1'='1", "\xc3\x84nne"}) {
        EXPECT_EQ(run(by_name(*users_, written)).error().kind, failure_kind::not_found) << written;
    }
}

TEST_P(users_in, a_deleted_one_does_not_exist)
{
    const std::int64_t id = add_user("ann");
    execute("UPDATE users SET deleted_at = 1 WHERE id = $1", id);
    EXPECT_EQ(run(one(*users_, id)).error().kind, failure_kind::not_found);
    EXPECT_EQ(run(by_name(*users_, "ann")).error().kind, failure_kind::not_found);
}

TEST_P(users_in, the_operator_is_there_from_the_start)
{
    const outcome<user> operator_account = run(by_name(*users_, "agora"));
    ASSERT_TRUE(operator_account.has_value());
    EXPECT_EQ(operator_account->role, "admin");
}

}  // namespace
}  // namespace agora::users
