// SPDX-License-Identifier: MIT
// Accounts on both databases: which may be registered, who verifies which address, roles, and new passwords, also when
// several requests come at the same time.
#include <gmock/gmock.h>
#include <agora/features/accounts/accounts_fixture.hpp>

namespace agora::accounts {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class roles_in : public accounts_in {
 protected:
    std::int64_t admin(const std::string& name)
    {
        const auto id = enroll(name);
        EXPECT_TRUE(run(store_.set_role(id, "admin", 0)));
        return id;
    }
    std::int64_t admins() { return number("SELECT count(*) FROM users WHERE role = 'admin' AND username <> 'agora'"); }
};
FORUM_SUITE(accounts_in);
FORUM_SUITE(roles_in);

TEST_P(accounts_in, every_refused_field_is_named)
{
    const auto done = run(accounts_.enroll({"a", "not an address", "password1"}, "user"));
    ASSERT_FALSE(done);
    std::vector<std::string> fields;
    for (const auto& f : done.error().fields) fields.push_back(f.field + " " + f.code);
    EXPECT_THAT(fields, ElementsAre("username invalid", "email invalid", "password too_common"));
    for (const auto* email : {"", "a", "@b.c", "a@", "a@b", "a@b..c", "a b@c.d", "a@b@c.d", "a@.b.c", "\"a\"@b.c",
                              "a@b.c.", "a@b.c\r\nBcc: x"})
        EXPECT_FALSE(run(accounts_.enroll({"valid", email, "kelp-morning-7"}, "user"))) << email;
    for (const auto* name :
         {"", "a", "12345", "has space", "\xc3\x84nne", "x/y", "a-name-that-is-longer-than-thirty-characters"})
        EXPECT_FALSE(run(accounts_.enroll({name, "a@b.cd", "kelp-morning-7"}, "user"))) << name;
}

TEST_P(accounts_in, names_belong_to_one_and_addresses_to_who_verifies_them)
{
    const auto ann = enroll("ann");
    EXPECT_EQ(run(accounts_.enroll({"ANN", "other@example.org", "kelp-morning-7"}, "user")).error().code,
              "username_taken");
    const auto other = run(accounts_.enroll({"other", "Ann@example.org", "kelp-evening-8"}, "user"));
    ASSERT_TRUE(other) << "the response does not reveal that ann has this address";
    EXPECT_TRUE(check("ann@example.org")) << "the first account, as long as no account has verified the address";
    EXPECT_TRUE(run(store_.verify_email(*other, "ann@example.org", clock_.wall())));
    EXPECT_TRUE(check("ann@example.org", "kelp-evening-8"));
    EXPECT_EQ(run(store_.verify_email(ann, "ann@example.org", clock_.wall())).error().code, "email_taken");
    EXPECT_EQ(run(accounts_.enroll({"third", "ann@example.org", "kelp-morning-7"}, "user", true)).error().code,
              "email_taken");
    EXPECT_EQ(run(accounts_.enroll({"agora", "other@example.org", "kelp-morning-7"}, "user")).error().code,
              "invalid_fields")
        << "the name is reserved";
}

TEST_P(accounts_in, white_space_around_names_and_addresses_is_no_part_of_them)
{
    const auto id = run(accounts_.enroll({" Ann\u00A0", "\tann@example.org ", "kelp-morning-7"}, "user"));
    ASSERT_TRUE(id);
    EXPECT_EQ(run(store_.find(*id))->username, "ann");
    EXPECT_EQ(run(db().first<std::string>("SELECT display_name FROM users WHERE id = $1", *id)), "Ann");
    for (const auto* login : {"ann ", " ANN", "\u3000ann@example.org"}) EXPECT_TRUE(check(login)) << login;
    for (const auto* name : {"an\u200Bn", "\u202Eann", "an n", "admin", "Ad.Min"}) {
        const auto done = run(accounts_.enroll({name, "b@example.org", "kelp-morning-7"}, "user"));
        ASSERT_FALSE(done) << name;
        EXPECT_EQ(done.error().fields[0].field, "username") << name;
    }
    EXPECT_TRUE(run(accounts_.enroll({"admin", "b@example.org", "kelp-morning-7"}, "admin", true)))
        << "the operator may use reserved names";
}

TEST_P(accounts_in, passwords_are_hashed_anew_when_they_should_cost_more)
{
    const auto id = enroll("ann");
    credentials::password_hasher cheaper{{1, 1 << 14}, 1};
    const auto old = [&]() -> asio::awaitable<std::string> {
        const auto place = cheaper.enter();
        co_return co_await cheaper.hash(*place, "kelp-morning-7");
    };
    execute("UPDATE accounts SET password_hash = $2 WHERE user_id = $1", id, run(old()));
    EXPECT_TRUE(accounts_.hasher().outdated(run(store_.find(id))->password_hash));
    EXPECT_TRUE(check("ann"));
    EXPECT_FALSE(accounts_.hasher().outdated(run(store_.find(id))->password_hash));
    EXPECT_TRUE(check("ann"));
}

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

TEST_P(roles_in, of_two_administrators_who_demote_each_other_one_stays)
{
    const auto ann = admin("ann");
    const auto bob = admin("bob");
    std::vector<asio::awaitable<outcome<void>>> both;
    both.push_back(store_.set_role(bob, "user", ann));
    both.push_back(store_.set_role(ann, "user", bob));
    EXPECT_THAT(together(std::move(both)), UnorderedElementsAre("", "forbidden"));
    EXPECT_EQ(admins(), 1);
}

TEST_P(roles_in, of_two_administrators_whom_the_operator_demotes_one_stays)
{
    std::vector<asio::awaitable<outcome<void>>> both;
    for (const auto* name : {"ann", "bob"}) both.push_back(store_.set_role(admin(name), "user", 0));
    EXPECT_THAT(together(std::move(both)), UnorderedElementsAre("", "last_admin"));
    EXPECT_EQ(admins(), 1);
}

TEST_P(roles_in, roles_belong_to_members_only)
{
    const auto ann = admin("ann");
    EXPECT_EQ(run(store_.set_role(99'999, "admin", ann)).error().code, "not_found");
    const auto bob = enroll("bob");
    EXPECT_EQ(run(store_.set_role(bob, "admin", bob)).error().code, "forbidden");
}

TEST_P(accounts_in, pages_name_a_member_whose_status_is_in_memory)
{
    const auto id = enroll("Ann");
    EXPECT_EQ(parts().site.name_of(id), std::nullopt);
    const auto load = [&]() -> asio::awaitable<bool> {
        const auto found =
            co_await parts().cache.get_or_load(account_statuses(id), [&] { return store_.status_of(id); });
        co_return found->active;
    };
    EXPECT_TRUE(run(load()));
    EXPECT_EQ(parts().site.name_of(id), "ann");
    const auto remove = [&](storage::session& s, storage::invalidations& invalidations) -> asio::awaitable<bool> {
        co_await remove_account(s, invalidations, id);
        co_return true;
    };
    EXPECT_TRUE(run(outbox().write(remove)));
    EXPECT_EQ(parts().site.name_of(id), std::nullopt) << "a deletion invalidates the name";
}

TEST_P(accounts_in, one_name_is_taken_once)
{
    std::vector<asio::awaitable<outcome<std::int64_t>>> all;
    account a;
    a.username = "ann";
    a.role = "user";
    for (int i = 0; i < 8; ++i) {
        a.email = "a" + std::to_string(i) + "@example.org";
        all.push_back([](store& s, account of, larder::timestamp now) -> asio::awaitable<outcome<std::int64_t>> {
            co_return co_await s.create(of, "Ann", now);
        }(store_, a, clock_.wall()));
    }
    const auto ends = together(std::move(all));
    EXPECT_EQ(std::ranges::count(ends, ""), 1);
    EXPECT_EQ(std::ranges::count(ends, "username_taken"), 7);
}

TEST_P(accounts_in, one_verified_address_is_taken_once)
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
        }(store_, a, clock_.wall()));
    }
    const auto ends = together(std::move(all));
    EXPECT_EQ(std::ranges::count(ends, ""), 1);
    EXPECT_EQ(std::ranges::count(ends, "email_taken"), 7);
    EXPECT_EQ(number("SELECT count(*) FROM users WHERE username LIKE 'ann%'"), 1) << "the failed ones left no rows";
}

TEST_P(accounts_in, one_address_is_verified_once)
{
    std::vector<asio::awaitable<outcome<void>>> all;
    for (const auto* name : {"ann", "bob", "eve"}) {
        const auto id = run(accounts_.enroll({name, "ann@example.org", "kelp-morning-7"}, "user"));
        all.push_back(store_.verify_email(*id, "ann@example.org", clock_.wall()));
    }
    EXPECT_THAT(together(std::move(all)), UnorderedElementsAre("", "email_taken", "email_taken"));
}

TEST_P(accounts_in, two_changes_of_a_password_at_the_same_time_are_one)
{
    const auto id = enroll("ann");
    std::vector<asio::awaitable<outcome<void>>> both;
    for (const auto* next : {"harbour-lamp-3", "morning-harbour-5"})
        both.push_back(accounts_.change_password(id, "kelp-morning-7", next, "", from()));
    EXPECT_THAT(together(std::move(both)), UnorderedElementsAre("", AnyOf("password_changed", "invalid_fields")));
}

}  // namespace
}  // namespace agora::accounts
