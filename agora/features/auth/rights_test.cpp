// SPDX-License-Identifier: MIT
// Concurrent requests that change rights, on both databases: what a transaction has checked still holds when it writes.
// Roles, account deletions, API keys, follows, names, addresses and passwords.
#include <gmock/gmock.h>
#include <agora/features/auth/account_deletion.hpp>
#include <agora/features/auth/api_keys.hpp>
#include <agora/features/auth/auth_fixture.hpp>
#include <agora/features/auth/roles.hpp>

namespace agora::auth {
namespace {

using namespace std::chrono_literals;
using ::testing::AnyOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

TEST(roles, the_last_administrator_who_can_sign_in_stays_one)
{
    const role_facts admin{"admin", true, true, 0};
    const role_facts one_of_two{"admin", true, true, 1};
    const role_facts imported{"admin", false, true, 0};
    const role_facts member{"user", true, true, 0};
    const role_facts gone{std::nullopt, false, true, 1};
    const role_facts by_a_former_one{"user", true, false, 1};
    EXPECT_EQ(decide_role_change(admin, "user").error().code, "last_admin");
    EXPECT_EQ(decide_role_change(admin, "moderator").error().code, "last_admin");
    EXPECT_TRUE(decide_role_change(admin, "admin"));
    EXPECT_TRUE(decide_role_change(one_of_two, "user"));
    EXPECT_TRUE(decide_role_change(imported, "user")) << "nobody can sign in to that account";
    EXPECT_TRUE(decide_role_change(member, "admin"));
    EXPECT_EQ(decide_role_change(by_a_former_one, "admin").error().code, "forbidden");
    EXPECT_EQ(decide_deletion(admin).error().code, "last_admin");
    EXPECT_TRUE(decide_deletion(one_of_two));
    EXPECT_TRUE(decide_deletion(member));
    EXPECT_EQ(decide_deletion(gone).error().code, "not_found");
}

class rights_in : public auth_in {
 protected:
    std::int64_t admin(const std::string& name)
    {
        const auto id = enroll(name);
        EXPECT_TRUE(run(store_->set_role(id, "admin", 0)));
        return id;
    }
    std::int64_t admins() { return number("SELECT count(*) FROM users WHERE role = 'admin' AND username <> 'agora'"); }
    /// An account deletion whose transaction lasts until another one waits for it.
    account_deletion slow_deletion()
    {
        slow_erasers_.emplace_back(
            [this](storage::session& s, storage::invalidations&, const author_erasure&) -> asio::awaitable<void> {
                leaves_ = true;
                co_await wait_until_another_is_blocked(s);
            });
        return account_deletion{outbox(), auth_, slow_erasers_};
    }
    /// Changes the role once a slow_deletion() has begun its transaction.
    asio::awaitable<outcome<void>> demote_meanwhile(std::int64_t id)
    {
        while (!leaves_) co_await larder::sleep_for(1ms);
        co_return co_await store_->set_role(id, "user", 0);
    }
    outcome<new_api_key> make_key(std::int64_t user, std::int64_t parent, std::optional<std::int64_t> days = {},
                                  bool write = true)
    {
        api_key_wish wish;
        wish.name = "k";
        wish.expires_in_days = days;
        if (write) wish.scopes = {"read", "write"};
        return run(keys_of_programs_.create(user, parent, wish));
    }
    bool works(const new_api_key& k) { return run(keys_of_programs_.owner_of(hash_of_key(k.key))).has_value(); }

    std::atomic<bool> leaves_ = false;  ///< a deletion has begun; written by the database's thread
    api_keys keys_of_programs_{outbox(), clock_};
    author_erasers slow_erasers_;
    std::unique_ptr<users::store> people_ = users::make_users_store(outbox());
};
FORUM_SUITE(rights_in);

TEST_P(rights_in, of_two_administrators_who_demote_each_other_one_stays)
{
    const auto ann = admin("ann");
    const auto bob = admin("bob");
    std::vector<asio::awaitable<outcome<void>>> both;
    both.push_back(store_->set_role(bob, "user", ann));
    both.push_back(store_->set_role(ann, "user", bob));
    EXPECT_THAT(together(std::move(both)), UnorderedElementsAre("", "forbidden"));
    EXPECT_EQ(admins(), 1);
}

TEST_P(rights_in, of_two_administrators_whom_the_operator_demotes_one_stays)
{
    std::vector<asio::awaitable<outcome<void>>> both;
    for (const auto* name : {"ann", "bob"}) both.push_back(store_->set_role(admin(name), "user", 0));
    EXPECT_THAT(together(std::move(both)), UnorderedElementsAre("", "last_admin"));
    EXPECT_EQ(admins(), 1);
}

TEST_P(rights_in, of_two_administrators_who_leave_at_the_same_time_one_stays)
{
    auto doors = slow_deletion();
    std::vector<asio::awaitable<outcome<void>>> both;
    for (const auto* name : {"ann", "bob"}) both.push_back(doors.remove(admin(name), "kelp-morning-7", false, from()));
    EXPECT_THAT(together(std::move(both)), UnorderedElementsAre("", "last_admin"));
    EXPECT_EQ(admins(), 1);
}

TEST_P(rights_in, of_an_administrator_who_leaves_and_one_who_is_demoted_one_stays)
{
    const auto ann = admin("ann");
    const auto bob = admin("bob");
    auto doors = slow_deletion();
    std::vector<asio::awaitable<outcome<void>>> both;
    both.push_back(doors.remove(ann, "kelp-morning-7", false, from()));
    both.push_back(demote_meanwhile(bob));
    EXPECT_THAT(together(std::move(both)), UnorderedElementsAre("", "last_admin"));
    EXPECT_EQ(admins(), 1);
}

TEST_P(rights_in, roles_belong_to_members_only)
{
    const auto ann = admin("ann");
    EXPECT_EQ(run(store_->set_role(99'999, "admin", ann)).error().code, "not_found");
    const auto bob = enroll("bob");
    EXPECT_EQ(run(store_->set_role(bob, "admin", bob)).error().code, "forbidden");
}

TEST_P(rights_in, there_is_no_51st_key)
{
    const auto ann = enroll("ann");
    api_key_wish wish;
    wish.name = "k";
    const auto make = [&](int n) {
        std::vector<asio::awaitable<outcome<new_api_key>>> all;
        for (int i = 0; i < n; ++i) all.push_back(keys_of_programs_.create(ann, 0, wish));
        return together(std::move(all));
    };
    EXPECT_THAT(make(45), Each("")) << "all connections are open from here on";
    const auto ends = make(10);
    EXPECT_EQ(std::ranges::count(ends, ""), 5);
    EXPECT_EQ(std::ranges::count(ends, "too_many_keys"), 5);
    EXPECT_EQ(number("SELECT count(*) FROM api_keys"), 50);
}

TEST_P(rights_in, a_key_that_a_key_makes_can_do_no_more_and_ends_no_later)
{
    const auto ann = enroll("ann");
    const auto a_day = *make_key(ann, 0, 1);
    const auto reads = *make_key(ann, 0, {}, false);
    for (const auto days :
         {std::optional<std::int64_t>{}, std::optional<std::int64_t>{1}, std::optional<std::int64_t>{3650}}) {
        EXPECT_EQ(make_key(ann, a_day.id, days)->expires_at, a_day.expires_at);
        EXPECT_THAT(make_key(ann, reads.id, days)->scopes, ElementsAre("read"));
    }
    clock_.advance(12h);
    const auto child = *make_key(ann, a_day.id);
    const auto grandchild = *make_key(ann, child.id, 10);
    EXPECT_EQ(grandchild.expires_at, a_day.expires_at);
    EXPECT_EQ(make_key(ann, 0, 1)->expires_at, clock_.wall() + 24h) << "a member who is signed in may choose";
    EXPECT_FALSE(make_key(ann, 0)->expires_at);
    clock_.advance(12h);
    EXPECT_EQ(make_key(ann, a_day.id).error().code, "invalid_key") << "the parent key has expired";
    EXPECT_EQ(make_key(ann, reads.id + 1000).error().code, "invalid_key");
    EXPECT_EQ(make_key(enroll("bob"), reads.id).error().code, "invalid_key") << "the parent key is another member's";
}

TEST_P(rights_in, revoking_a_key_revokes_what_it_has_made)
{
    const auto ann = enroll("ann");
    const auto parent = *make_key(ann, 0);
    const auto other = *make_key(ann, 0);
    const auto child = *make_key(ann, parent.id);
    const auto grandchild = *make_key(ann, child.id);
    EXPECT_TRUE(works(grandchild));
    EXPECT_EQ(run(keys_of_programs_.revoke(enroll("bob"), parent.id)).error().code, "not_found");
    EXPECT_TRUE(run(keys_of_programs_.revoke(ann, parent.id)));
    for (const auto& k : {parent, child, grandchild}) EXPECT_FALSE(works(k));
    EXPECT_TRUE(works(other));
    EXPECT_EQ(make_key(ann, child.id).error().code, "invalid_key");
    EXPECT_EQ(run(keys_of_programs_.revoke(ann, child.id)).error().code, "not_found");
}

TEST_P(rights_in, whoever_has_left_makes_no_key)
{
    const auto ann = enroll("ann");
    auto doors = slow_deletion();
    const auto make = [&]() -> asio::awaitable<outcome<void>> {
        api_key_wish wish;
        wish.name = "k";
        const auto made = co_await keys_of_programs_.create(ann, 0, wish);
        if (!made) co_return made.error();
        co_return outcome<void>{};
    };
    std::vector<asio::awaitable<outcome<void>>> both;
    both.push_back(doors.remove(ann, "kelp-morning-7", false, from()));
    both.push_back(make());
    EXPECT_THAT(together(std::move(both)), ElementsAre("", AnyOf("", "signed_out")));
    EXPECT_EQ(number("SELECT count(*) FROM api_keys"), 0);
}

TEST_P(rights_in, whoever_leaves_is_followed_by_nobody)
{
    const auto ann = enroll("ann");
    const auto bob = enroll("bob");
    auto doors = slow_deletion();
    const auto follow = [&](std::int64_t who, std::int64_t whom) -> asio::awaitable<outcome<void>> {
        const auto done = co_await people_->follow(who, whom, clock_.wall());
        if (!done) co_return done.error();
        co_return outcome<void>{};
    };
    std::vector<asio::awaitable<outcome<void>>> all;
    all.push_back(doors.remove(ann, "kelp-morning-7", false, from()));
    all.push_back(follow(bob, ann));
    all.push_back(follow(ann, bob));
    together(std::move(all));
    EXPECT_EQ(number("SELECT count(*) FROM follows"), 0);
    EXPECT_EQ(number("SELECT followers + following FROM users WHERE id = $1", bob), 0);
    EXPECT_EQ(run(people_->follow(bob, ann, clock_.wall())).error().code, "not_found");
    EXPECT_EQ(run(people_->follow(ann, bob, clock_.wall())).error().code, "signed_out");
}

TEST_P(rights_in, follows_at_the_same_time_are_counted_as_the_rows_are)
{
    const auto ann = enroll("ann");
    const auto bob = enroll("bob");
    const auto step = [&](int i) -> asio::awaitable<outcome<void>> {
        if (i % 2 == 0) {
            co_await people_->follow(i % 4 == 0 ? ann : bob, i % 4 == 0 ? bob : ann, clock_.wall());
        } else {
            co_await people_->unfollow(i % 4 == 1 ? ann : bob, i % 4 == 1 ? bob : ann);
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

TEST_P(rights_in, one_name_is_taken_once)
{
    std::vector<asio::awaitable<outcome<std::int64_t>>> all;
    account a;
    a.username = "ann";
    a.role = "user";
    for (int i = 0; i < 8; ++i) {
        a.email = "a" + std::to_string(i) + "@example.org";
        all.push_back([](store& s, account of, larder::timestamp now) -> asio::awaitable<outcome<std::int64_t>> {
            co_return co_await s.create(of, "Ann", now);
        }(*store_, a, clock_.wall()));
    }
    const auto ends = together(std::move(all));
    EXPECT_EQ(std::ranges::count(ends, ""), 1);
    EXPECT_EQ(std::ranges::count(ends, "username_taken"), 7);
}

TEST_P(rights_in, one_verified_address_is_taken_once)
{
    std::vector<asio::awaitable<outcome<std::int64_t>>> all;
    account a;
    a.email = "ann@example.org";
    a.role = "user";
    a.verified = true;
    for (int i = 0; i < 8; ++i) {
        a.username = "ann" + std::to_string(i);
        all.push_back([](store& s, account of, larder::timestamp now) -> asio::awaitable<outcome<std::int64_t>> {
            co_return co_await s.create(of, "Ann", now);
        }(*store_, a, clock_.wall()));
    }
    const auto ends = together(std::move(all));
    EXPECT_EQ(std::ranges::count(ends, ""), 1);
    EXPECT_EQ(std::ranges::count(ends, "email_taken"), 7);
    EXPECT_EQ(number("SELECT count(*) FROM users WHERE username LIKE 'ann%'"), 1) << "the failed ones left no rows";
}

TEST_P(rights_in, one_address_is_verified_once)
{
    std::vector<asio::awaitable<outcome<void>>> all;
    for (const auto* name : {"ann", "bob", "eve"}) {
        const auto id = run(auth_.enroll({name, "ann@example.org", "kelp-morning-7"}, "user"));
        all.push_back(store_->verify_email(*id, "ann@example.org", clock_.wall()));
    }
    EXPECT_THAT(together(std::move(all)), UnorderedElementsAre("", "email_taken", "email_taken"));
}

TEST_P(rights_in, a_password_that_was_changed_meanwhile_begins_no_sign_in_and_does_not_come_back)
{
    const auto id = enroll("ann");
    const auto before = *run(store_->find("ann"));
    EXPECT_TRUE(run(auth_.change_password(id, "kelp-morning-7", "harbour-lamp-3", "", from())));
    const auto after = *run(store_->find("ann"));
    EXPECT_GT(after.password_changed_at, before.password_changed_at) << "although the clock did not advance";
    EXPECT_EQ(refused(run(auth_.start(before, from()))), "wrong_credentials");
    EXPECT_EQ(number("SELECT count(*) FROM sign_ins"), 0);
    const auto rehash = [&]() -> asio::awaitable<bool> {
        co_await store_->rehash(before, "the old password, hashed anew");
        co_return true;
    };
    run(rehash());
    EXPECT_EQ(run(store_->find("ann"))->password_hash, after.password_hash);
    EXPECT_FALSE(run(store_->set_password(before, "another", "", clock_.wall())));
    EXPECT_EQ(run(auth_.set_password(before, "morning-harbour-5", "")).error().code, "password_changed");
    EXPECT_TRUE(sign_in_as("ann", "harbour-lamp-3"));
}

TEST_P(rights_in, two_changes_of_a_password_at_the_same_time_are_one)
{
    const auto id = enroll("ann");
    std::vector<asio::awaitable<outcome<void>>> both;
    for (const auto* next : {"harbour-lamp-3", "morning-harbour-5"})
        both.push_back(auth_.change_password(id, "kelp-morning-7", next, "", from()));
    EXPECT_THAT(together(std::move(both)), UnorderedElementsAre("", AnyOf("password_changed", "invalid_fields")));
}

TEST_P(rights_in, a_deleted_account_is_called_so_whoever_has_that_name)
{
    const auto ann = enroll("ann");
    add_user("deleted-" + std::to_string(ann));  // an import may have created this name
    account_deletion doors{outbox(), auth_, slow_erasers_};
    EXPECT_TRUE(run(doors.remove(ann, "kelp-morning-7", false, from())));
    const auto name = run(db().first<std::string>("SELECT username FROM users WHERE id = $1", ann));
    EXPECT_TRUE(name->starts_with("deleted-" + std::to_string(ann) + "-")) << *name;
    EXPECT_TRUE(users::is_username(*name));
    EXPECT_EQ(run(doors.remove(ann, "kelp-morning-7", false, from())).error().code, "no_account");
    const auto bob = enroll("bob");
    EXPECT_TRUE(run(doors.remove(bob, "kelp-morning-7", false, from())));
    EXPECT_EQ(run(db().first<std::string>("SELECT username FROM users WHERE id = $1", bob)),
              "deleted-" + std::to_string(bob));
}

}  // namespace
}  // namespace agora::auth
