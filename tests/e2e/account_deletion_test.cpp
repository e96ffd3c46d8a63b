// SPDX-License-Identifier: MIT
// Deleting an account: what is deleted, what stays, and that no cached page shows deleted data. A new avatar is
// invalidated by the same means, so it is tested here too.

#include "tests/e2e/accounts.hpp"

namespace agora::e2e {
namespace {

class account_deletion : public accounts_on {
 protected:
    /// Ann writes a post, and a comment on a post of bob's; they follow each other; all pages are cached.
    account_deletion()
    {
        ann_ = bearer(enroll());
        bob_ = bearer(enroll(R"({"username":"bob","email":"bob@example.org","password":"kelp-morning-7"})"));
        ann_id_ = values_of(ask("GET", "/api/auth/me", ann_).body, "id")[0];
        bob_id_ = values_of(ask("GET", "/api/auth/me", bob_).body, "id")[0];
        ann_post_ = ask("POST", "/api/posts", ann_, R"({"title":"By ann","body":"her words","tags":["one"]})")
                        .field("Location");
        bob_post_ = ask("POST", "/api/posts", bob_, R"({"title":"By bob","body":"his words"})").field("Location");
        ann_comment_ = ask("POST", bob_post_ + "/comments", ann_, R"({"body":"her remark"})").field("Location");
        EXPECT_EQ(ask("PUT", "/api/users/" + bob_id_ + "/follow", ann_).status, 200);
        EXPECT_EQ(ask("PUT", "/api/users/" + ann_id_ + "/follow", bob_).status, 200);
        for (const auto& page : pages()) EXPECT_EQ(ask("GET", page).status, 200) << page;  // now cached
    }
    std::vector<std::string> pages() const
    {
        return {ann_post_,
                bob_post_,
                ann_comment_,
                bob_post_ + "/comments",
                "/api/posts",
                "/api/posts/user/" + ann_id_,
                "/api/tags",
                "/api/users/" + ann_id_,
                "/api/users/by-name/ann",
                "/api/users/list",
                "/api/users/" + bob_id_};
    }
    answer delete_account(const std::string& query = {}, const std::string& password = "kelp-morning-7")
    {
        return ask("DELETE", "/api/users/me" + query, ann_, R"({"password":")" + password + "\"}");
    }

    std::string ann_, bob_, ann_id_, bob_id_, ann_post_, bob_post_, ann_comment_;
};
ACCOUNTS_SUITE(account_deletion);

TEST_P(account_deletion, a_new_avatar_appears_at_once_on_all_pages)
{
    const auto changed = ask("PUT", "/api/users/me", ann_, R"({"avatar_url":"https://example.org/new.png"})");
    EXPECT_EQ(changed.status, 200) << changed.body;
    for (const auto& page :
         {ann_post_, ann_comment_, bob_post_ + "/comments", std::string{"/api/posts"}, "/api/posts/user/" + ann_id_,
          "/api/users/" + ann_id_, std::string{"/api/users/by-name/ann"}, std::string{"/api/users/list"}})
        EXPECT_THAT(ask("GET", page).body, HasSubstr("https://example.org/new.png")) << page;
}

TEST_P(account_deletion, new_members_and_roles_appear_at_once_on_all_pages)
{
    enroll(R"({"username":"eve","email":"eve@example.org","password":"kelp-morning-7"})");
    EXPECT_THAT(ask("GET", "/api/users/list").body, HasSubstr("\"eve\""));
    EXPECT_EQ(ask("PUT", "/api/admin/users/" + bob_id_ + "/role", as_operator, R"({"role":"moderator"})").status, 200);
    EXPECT_THAT(ask("GET", "/api/users/list").body, HasSubstr("\"moderator\""));
    EXPECT_EQ(value_of(ask("GET", "/api/users/" + bob_id_), "role"), "moderator");
    EXPECT_EQ(value_of(ask("GET", "/api/users/by-name/bob"), "role"), "moderator");
}

TEST_P(account_deletion, needs_the_password)
{
    EXPECT_EQ(ask("DELETE", "/api/users/me", ann_, "{}").status, 422);
    EXPECT_THAT(delete_account("", "guessed-guessed").body, HasSubstr("\"field\":\"password\""));
    EXPECT_EQ(ask("DELETE", "/api/users/me", as_operator, R"({"password":"x"})").status, 403);
    EXPECT_EQ(ask("GET", "/api/auth/me", ann_).status, 200);
}

TEST_P(account_deletion, ends_all_sign_ins_and_follows)
{
    const auto [cookie_field, csrf] = cookie();
    const auto key = bearer(value_of(ask("POST", "/api/api-keys", ann_, R"({"name":"k"})"), "key"));
    EXPECT_EQ(ask("GET", "/api/auth/me", key).status, 200);
    EXPECT_EQ(delete_account().status, 204);
    for (const auto& as : {ann_, key, cookie_field}) EXPECT_EQ(ask("GET", "/api/auth/me", as).status, 401) << as;
    EXPECT_EQ(ask("POST", "/api/auth/login", {}, ann_signs_in).status, 401);
    EXPECT_EQ(ask("GET", "/api/users/" + ann_id_).status, 404);
    EXPECT_EQ(ask("GET", "/api/users/by-name/ann").status, 404);
    EXPECT_THAT(ask("GET", "/api/users/list").body, Not(HasSubstr("ann")));
    const auto bob = ask("GET", "/api/users/" + bob_id_).body;
    EXPECT_EQ(values_of(bob, "followers")[0], "0");
    EXPECT_EQ(values_of(bob, "following")[0], "0");
    // The name and the address are free again, but belong to a new account.
    const auto again = ask("GET", "/api/auth/me", bearer(enroll()));
    EXPECT_NE(values_of(again.body, "id")[0], ann_id_);
    EXPECT_EQ(ask("POST", "/api/auth/register", {},
                  R"({"username":"deleted-9","email":"d@example.org","password":"kelp-morning-7"})")
                  .status,
              422)
        << "nobody may pose as a deleted account";
}

TEST_P(account_deletion, posts_and_comments_stay_without_the_name)
{
    EXPECT_EQ(delete_account().status, 204);
    const auto name = "\"deleted-" + ann_id_ + "\"";
    EXPECT_EQ(values_of(ask("GET", ann_post_).body, "username")[0], name);
    EXPECT_EQ(values_of(ask("GET", ann_comment_).body, "username")[0], name);
    EXPECT_THAT(ask("GET", ann_post_).body, HasSubstr("her words"));
    for (const auto& page : pages()) EXPECT_THAT(ask("GET", page).body, Not(HasSubstr("\"ann\""))) << page;
}

TEST_P(account_deletion, posts_and_comments_are_deleted_with_scrub)
{
    EXPECT_EQ(delete_account("?scrub=true").status, 204);
    EXPECT_EQ(ask("GET", ann_post_).status, 404);
    EXPECT_EQ(ask("GET", ann_comment_).status, 404);
    for (const auto& page : pages()) {
        const auto body = ask("GET", page).body;
        for (const auto* words : {"\"ann\"", "By ann", "her words", "her remark"})
            EXPECT_THAT(body, Not(HasSubstr(words))) << page;
    }
    EXPECT_EQ(values_of(ask("GET", bob_post_).body, "comments")[0], "0");
}

TEST_P(account_deletion, the_last_administrator_cannot_be_deleted)
{
    EXPECT_EQ(ask("PUT", "/api/admin/users/" + ann_id_ + "/role", as_operator, R"({"role":"admin"})").status, 200);
    EXPECT_EQ(value_of(delete_account(), "code"), "last_admin");
    EXPECT_EQ(ask("PUT", "/api/admin/users/" + bob_id_ + "/role", as_operator, R"({"role":"admin"})").status, 200);
    EXPECT_EQ(delete_account().status, 204);
}

}  // namespace
}  // namespace agora::e2e
