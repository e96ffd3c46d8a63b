// SPDX-License-Identifier: MIT
// Users on both databases: reading profiles, which names are allowed, follows and their counters, searching, and
// changes to one's own profile.
#include <gmock/gmock.h>
#include <agora/features/users/users.hpp>
#include <agora/storage/data_steps.hpp>
#include <agora/testing/forum.hpp>
#include <larder/rfc3339.hpp>

namespace agora::users {
namespace {

using ::testing::Each;

class users_in : public testing::forum {
 protected:
    std::unique_ptr<store> users_ = make_users_store(outbox());
};
FORUM_SUITE(users_in);

TEST_P(users_in, every_public_field_is_read)
{
    const std::int64_t id = add_user("ann");
    execute(
        "UPDATE users SET display_name = 'Ann B.', bio = 'hello', avatar_url = '/a.png', role = 'moderator',"
        " followers = 1, following = 2, posts = 3, created_at = 1000 WHERE id = $1",
        id);

    const outcome<user> found = run(find(*users_, id));
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

TEST_P(users_in, an_invalid_name_is_not_found)
{
    for (const auto* written : {"", "bob", "ann\xff", "a' OR '1'='1", "\xc3\x84nne"}) {
        EXPECT_EQ(run(by_name(*users_, written)).error().status, 404U) << written;
    }
}

TEST_P(users_in, a_deleted_one_does_not_exist)
{
    const std::int64_t id = add_user("ann");
    execute("UPDATE users SET deleted_at = 1 WHERE id = $1", id);
    EXPECT_EQ(run(find(*users_, id)).error().status, 404U);
    EXPECT_EQ(run(by_name(*users_, "ann")).error().status, 404U);
}

TEST_P(users_in, the_operator_exists_from_the_start)
{
    const outcome<user> operator_account = run(by_name(*users_, "agora"));
    ASSERT_TRUE(operator_account.has_value());
    EXPECT_EQ(operator_account->role, "admin");
}

TEST(names, of_officials_and_of_paths_are_reserved)
{
    for (const auto* name :
         {"admin",         "administrator", "root",       "me",     "api",        "moderator",   "mod",
          "deleted",       "support",       "help",       "system", "security",   "staff",       "official",
          "null",          "undefined",     "www",        "login",  "register",   "users",       "posts",
          "search",        "settings",      "console",    "docs",   "robots.txt", "favicon.ico", "feed.atom",
          "by-name",       "api-keys",      "well-known", "ad.min", "_root_",     "m-o-d",       "a.d.m.i.n",
          "mailer-daemon", "no-reply",      "agora",      "ag.ora"}) {
        ASSERT_TRUE(refuse_username(name, false)) << name;
        EXPECT_EQ(refuse_username(name, false)->code, "reserved") << name;
        EXPECT_FALSE(refuse_username(name, true)) << name << ": the operator may use it";
    }
    for (const auto* name : {"ann", "adminton", "rooted", "meg", "apis", "modest", "test", "guest", "user", "user7",
                             "supporter", "demo-admin", "api-fan", "o.k", "a1"})
        EXPECT_FALSE(refuse_username(name, false)) << name;
    for (const auto* name : {"deleted-7", "deleted-", "deleted-7-x"})
        for (const bool reserved_too : {false, true})
            EXPECT_EQ(refuse_username(name, reserved_too)->code, "reserved") << name;
    for (const auto* name : {"", "a", "12", "..", "--", "1.2", "a b", "a\tb", "a\u200Bb", "\u202Eann", "ann\u00A0",
                             "a/b", "a@b", "a-name-that-is-longer-than-thirty"})
        EXPECT_EQ(refuse_username(name, true)->code, "invalid") << name;
}

TEST_P(users_in, display_names_are_one_line_of_visible_text)
{
    const auto id = add_user("ann");
    change c;
    const std::pair<const char*, const char*> kept[] = {{"  Ann\u00A0 B. ", "Ann B."},
                                                        {"\u3000\u5F20\u4E09", "\u5F20\u4E09"},
                                                        {"Deleted 7", "Deleted 7"},
                                                        {"\u05D3\u05D5\u05D3", "\u05D3\u05D5\u05D3"},
                                                        {"\U0001F469\u200D\U0001F4BB", "\U0001F469\u200D\U0001F4BB"}};
    for (const auto& [written, stored] : kept) {
        c.display_name = written;
        const auto done = run(update(*users_, id, c));
        ASSERT_TRUE(done) << written;
        EXPECT_EQ(done->display_name, stored);
    }
    for (const auto* bad : {"a\u202Eb", "a\u200Bb", "\u2066x\u2069", "a\nb", "a\tb", "\u0007", "a\u00ADb", "\uFEFFx",
                            "\u3164", "\u2800", "\u200F", "\uE000"}) {
        c.display_name = bad;
        const auto done = run(update(*users_, id, c));
        ASSERT_FALSE(done) << bad;
        EXPECT_EQ(done.error().fields[0].field, "display_name") << bad;
        EXPECT_EQ(done.error().fields[0].code, "invalid") << bad;
    }
    for (const auto* empty : {"", " ", "\u00A0\u2003\u3000"}) {
        c.display_name = empty;
        EXPECT_EQ(run(update(*users_, id, c)).error().fields[0].code, "required") << empty;
    }
}

class follows_in : public users_in {
 protected:
    void fold_stored_names()
    {
        static constexpr storage::data_step steps[] = {{"fold display names", fold_names}};
        run(storage::run_data_steps(db(), steps));
    }
    std::vector<std::string> names(const outcome<api::list<user>>& page)
    {
        std::vector<std::string> out;
        for (const auto& u : page->data) out.push_back(u.username);
        return out;
    }
    follow_state follow_as(std::int64_t me, std::int64_t id) { return *run(follow(*users_, clock_, me, id)); }

    storage::cursor_signer signer_{"a secret for the tests"};
    const std::int64_t ann_ = add_user("ann");
    const std::int64_t bob_ = add_user("bob");
};
FORUM_SUITE(follows_in);

TEST_P(follows_in, count_once_even_when_repeated)
{
    for (int i = 0; i < 3; ++i) {
        const auto s = follow_as(ann_, bob_);
        EXPECT_TRUE(s.following);
        EXPECT_EQ(s.followers, 1);
    }
    EXPECT_EQ(run(find(*users_, ann_))->following, 1);
    EXPECT_EQ(run(find(*users_, bob_, ann_))->is_following, true);
    EXPECT_EQ(run(find(*users_, ann_, bob_))->is_following, false);
    EXPECT_EQ(run(find(*users_, bob_))->is_following, std::nullopt) << "a guest follows nobody";
    for (int i = 0; i < 3; ++i) EXPECT_EQ(run(users_->unfollow(ann_, bob_))->followers, 0);
    EXPECT_EQ(run(find(*users_, ann_))->following, 0);
    EXPECT_EQ(run(find(*users_, bob_, ann_))->is_following, false);
}

TEST_P(follows_in, of_oneself_or_of_an_unknown_user_are_rejected)
{
    EXPECT_EQ(run(follow(*users_, clock_, ann_, ann_)).error().code, "oneself");
    EXPECT_EQ(run(follow(*users_, clock_, ann_, 999)).error().status, 404U);
    EXPECT_EQ(run(users_->unfollow(ann_, 999)).error().status, 404U);
}

TEST_P(follows_in, are_listed_both_ways)
{
    const auto cid = add_user("cid");
    follow_as(ann_, cid);
    follow_as(bob_, cid);
    follow_as(cid, ann_);
    const auto listed = [&](std::int64_t id, relation how) {
        const related_query of{id, how, bob_};
        return run(related(*users_, signer_, of, {}));
    };
    EXPECT_EQ(names(listed(cid, relation::followers)), (std::vector<std::string>{"ann", "bob"}));
    EXPECT_EQ(names(listed(cid, relation::following)), (std::vector<std::string>{"ann"}));
    EXPECT_EQ(listed(ann_, relation::following)->data[0].is_following, true) << "as bob sees it";
    EXPECT_EQ(listed(999, relation::followers).error().status, 404U);
}

TEST_P(follows_in, users_are_found_whatever_the_case_of_their_letters)
{
    execute("UPDATE users SET display_name = '\u00c4RGER Stra\u00dfe' WHERE id = $1", ann_);
    const auto found = [&](const std::string& text) {
        list_query q;
        q.search = text;
        return names(run(list(*users_, signer_, 0, q)));
    };
    EXPECT_TRUE(found("\u00e4rger").empty()) << "the name was stored before names were folded";
    fold_stored_names();
    change c;
    c.display_name = "\u041f\u0420\u0418\u0412\u0415\u0422";
    ASSERT_TRUE(run(update(*users_, bob_, c)));
    for (const auto* written : {"\u00e4rger", "\u00c4RGER", "A\u0308rger", "STRASSE", "stra\u00dfe"})
        EXPECT_EQ(found(written), (std::vector<std::string>{"ann"})) << written;
    for (const auto* written : {"\u043f\u0440\u0438\u0432\u0435\u0442", "\u041f\u0440\u0438"})
        EXPECT_EQ(found(written), (std::vector<std::string>{"bob"})) << written;
    EXPECT_TRUE(run(by_name(*users_, "ANN")));
    for (const auto* other : {"\uff21\uff2e\uff2e", "an\u200Bn"}) EXPECT_FALSE(run(by_name(*users_, other))) << other;
}

TEST_P(follows_in, users_are_found_by_any_part_of_their_names)
{
    execute("UPDATE users SET display_name = 'Anna 100%_sure' WHERE id = $1", bob_);
    fold_stored_names();
    const auto found = [&](const std::string& text, std::int64_t limit = 20) {
        list_query q;
        q.search = text;
        q.limit = limit;
        return run(list(*users_, signer_, 0, q));
    };
    EXPECT_EQ(names(found("AN")), (std::vector<std::string>{"ann", "bob"}));
    EXPECT_EQ(names(found("0%_S")), (std::vector<std::string>{"bob"})) << "wildcards match literally";
    EXPECT_EQ(names(found("%")), (std::vector<std::string>{"bob"}));
    EXPECT_TRUE(names(found("' OR 1=1 --")).empty());
    const auto first = found("an", 1);
    EXPECT_TRUE(first->page.has_more);
    list_query next;
    next.search = "an";
    next.cursor = first->page.next_cursor;
    EXPECT_EQ(names(run(list(*users_, signer_, 0, next))), (std::vector<std::string>{"bob"}));
    next.search = "other";
    EXPECT_FALSE(run(list(*users_, signer_, 0, next))) << "a cursor belongs to its list";
    list_query all;
    all.include_total = true;
    EXPECT_EQ(run(list(*users_, signer_, 0, all))->page.total, 3) << "the operator is counted too";
}

TEST_P(follows_in, a_member_can_change_the_own_profile)
{
    change c;
    c.display_name = "Ann B.";
    c.avatar_url = "https://example.org/a.png";
    const auto edited = run(update(*users_, ann_, c));
    EXPECT_EQ(edited->display_name, "Ann B.");
    EXPECT_EQ(edited->avatar_url, "https://example.org/a.png");
    EXPECT_EQ(edited->bio, "") << "absent fields stay unchanged";
    for (const auto* bad : {"javascript:alert(1)", "data:text/html,x", "//example.org", "https://a b",
                            "https://a\"onerror=", "ftp://a"}) {
        c.avatar_url = bad;
        EXPECT_EQ(run(update(*users_, ann_, c)).error().fields[0].field, "avatar_url") << bad;
    }
    change longer;
    longer.bio = std::string(2001, 'x');
    longer.display_name = " ";
    EXPECT_EQ(run(update(*users_, ann_, longer)).error().fields.size(), 2U);
}

TEST_P(users_in, follows_at_the_same_time_are_counted_as_the_rows_are)
{
    const auto ann = add_user("ann");
    const auto bob = add_user("bob");
    const auto step = [&](int i) -> asio::awaitable<outcome<void>> {
        if (i % 2 == 0) {
            co_await users_->follow(i % 4 == 0 ? ann : bob, i % 4 == 0 ? bob : ann, clock_.wall());
        } else {
            co_await users_->unfollow(i % 4 == 1 ? ann : bob, i % 4 == 1 ? bob : ann);
        }
        co_return outcome<void>{};
    };
    std::vector<asio::awaitable<outcome<void>>> all;
    for (int i = 0; i < 24; ++i) all.push_back(step(i));
    EXPECT_THAT(together(std::move(all)), Each(""));
    for (const auto id : {ann, bob}) {
        EXPECT_EQ(number("SELECT followers FROM users WHERE id = $1", id),
                  number("SELECT count(*) FROM follows WHERE followed_id = $1", id));
        EXPECT_EQ(number("SELECT following FROM users WHERE id = $1", id),
                  number("SELECT count(*) FROM follows WHERE follower_id = $1", id));
    }
}

}  // namespace
}  // namespace agora::users
