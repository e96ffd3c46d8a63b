// SPDX-License-Identifier: MIT
// Deleting accounts on both databases, also while the same member, or another administrator, does something else.
#include <gmock/gmock.h>
#include <agora/features/account_deletion/account_deletion.hpp>
#include <agora/features/sign_ins/sign_ins_fixture.hpp>
#include <agora/features/users/users.hpp>

namespace agora::account_deletion {
namespace {

using namespace std::chrono_literals;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class deletion_in : public sign_ins::sign_ins_in {
 protected:
    std::int64_t admin(const std::string& name)
    {
        const auto id = enroll(name);
        EXPECT_TRUE(run(store_.set_role(id, "admin", 0)));
        return id;
    }
    std::int64_t admins() { return number("SELECT count(*) FROM users WHERE role = 'admin' AND username <> 'agora'"); }
    asio::awaitable<outcome<void>> remove(std::int64_t id)
    {
        return deletion_.remove(id, "kelp-morning-7", false, from());
    }
    /// Makes the transaction of each deletion last until another one waits for it.
    void slow_deletions_down()
    {
        parts().erasure.emplace_back(
            [this](storage::session& s, storage::invalidations&, const author_erasure&) -> asio::awaitable<void> {
                deleting_ = true;
                co_await wait_until_another_is_blocked(s);
            });
    }
    /// Changes the role once a deletion has begun its transaction.
    asio::awaitable<outcome<void>> demote_meanwhile(std::int64_t id)
    {
        while (!deleting_) co_await larder::sleep_for(1ms);
        co_return co_await store_.set_role(id, "user", 0);
    }

    std::atomic<bool> deleting_ = false;  ///< written by the database's thread
    api_keys::slice keys_{parts()};
    authentication::request_authenticator authenticator_{parts(), accounts_, keys_, sign_ins_, {}};
    account_deletion::slice deletion_{parts(), accounts_, events_, authenticator_};
};
FORUM_SUITE(deletion_in);

TEST_P(deletion_in, of_two_administrators_who_leave_at_the_same_time_one_stays)
{
    slow_deletions_down();
    std::vector<asio::awaitable<outcome<void>>> both;
    for (const auto* name : {"ann", "bob"}) both.push_back(remove(admin(name)));
    EXPECT_THAT(together(std::move(both)), UnorderedElementsAre("", "last_admin"));
    EXPECT_EQ(admins(), 1);
}

TEST_P(deletion_in, of_an_administrator_who_leaves_and_one_who_is_demoted_one_stays)
{
    const auto ann = admin("ann");
    const auto bob = admin("bob");
    slow_deletions_down();
    std::vector<asio::awaitable<outcome<void>>> both;
    both.push_back(remove(ann));
    both.push_back(demote_meanwhile(bob));
    EXPECT_THAT(together(std::move(both)), UnorderedElementsAre("", "last_admin"));
    EXPECT_EQ(admins(), 1);
}

TEST_P(deletion_in, whoever_has_left_makes_no_key)
{
    const auto ann = enroll("ann");
    slow_deletions_down();
    const auto make = [&]() -> asio::awaitable<outcome<void>> {
        api_keys::api_key_request r;
        r.name = "k";
        const auto made = co_await keys_.create_key(ann, 0, r);
        if (!made) co_return made.error();
        co_return outcome<void>{};
    };
    std::vector<asio::awaitable<outcome<void>>> both;
    both.push_back(remove(ann));
    both.push_back(make());
    EXPECT_THAT(together(std::move(both)), ElementsAre("", AnyOf("", "signed_out")));
    EXPECT_EQ(number("SELECT count(*) FROM api_keys"), 0);
}

TEST_P(deletion_in, whoever_leaves_is_followed_by_nobody)
{
    const auto ann = enroll("ann");
    const auto bob = enroll("bob");
    slow_deletions_down();
    const auto follow = [&](std::int64_t who, std::int64_t whom) -> asio::awaitable<outcome<void>> {
        const auto done = co_await users_.store().follow(who, whom, clock_.wall());
        if (!done) co_return done.error();
        co_return outcome<void>{};
    };
    std::vector<asio::awaitable<outcome<void>>> all;
    all.push_back(remove(ann));
    all.push_back(follow(bob, ann));
    all.push_back(follow(ann, bob));
    together(std::move(all));
    EXPECT_EQ(number("SELECT count(*) FROM follows"), 0);
    EXPECT_EQ(number("SELECT followers + following FROM users WHERE id = $1", bob), 0);
    EXPECT_EQ(run(users_.store().follow(bob, ann, clock_.wall())).error().code, "not_found");
    EXPECT_EQ(run(users_.store().follow(ann, bob, clock_.wall())).error().code, "signed_out");
}

TEST_P(deletion_in, a_deleted_account_is_called_so_whoever_has_that_name)
{
    const auto ann = enroll("ann");
    add_user("deleted-" + std::to_string(ann));  // an import may have created this name
    EXPECT_TRUE(run(remove(ann)));
    const auto name = run(db().first<std::string>("SELECT username FROM users WHERE id = $1", ann));
    EXPECT_TRUE(name->starts_with("deleted-" + std::to_string(ann) + "-")) << *name;
    EXPECT_TRUE(users::is_username(*name));
    EXPECT_EQ(run(remove(ann)).error().code, "no_account");
    const auto bob = enroll("bob");
    EXPECT_TRUE(run(remove(bob)));
    EXPECT_EQ(run(db().first<std::string>("SELECT username FROM users WHERE id = $1", bob)),
              "deleted-" + std::to_string(bob));
}

}  // namespace
}  // namespace agora::account_deletion
