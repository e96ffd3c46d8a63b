// SPDX-License-Identifier: MIT
// API keys on both databases: how many there are, and what a key that was created with another key may do.
#include <gmock/gmock.h>
#include <agora/credentials/secrets.hpp>
#include <agora/features/accounts/accounts_fixture.hpp>
#include <agora/features/api_keys/api_keys.hpp>

namespace agora::api_keys {
namespace {

using namespace std::chrono_literals;
using ::testing::Each;
using ::testing::ElementsAre;

class api_keys_in : public accounts::accounts_in {
 protected:
    outcome<new_api_key> make_key(std::int64_t user, std::int64_t parent, std::optional<std::int64_t> days = {},
                                  bool write = true)
    {
        api_key_request r;
        r.name = "k";
        r.expires_in_days = days;
        if (write) r.scopes = {"read", "write"};
        return run(keys_.create_key(user, parent, r));
    }
    outcome<void> revoke(std::int64_t user, std::int64_t id)
    {
        return run(keys_.store().revoke(user, id, clock_.wall()));
    }
    bool works(const new_api_key& k)
    {
        return run(keys_.store().owner_of(credentials::hash_of_secret(k.key))).has_value();
    }

    api_keys::slice keys_{parts()};
};
FORUM_SUITE(api_keys_in);

TEST_P(api_keys_in, there_is_no_51st_key)
{
    const auto ann = enroll("ann");
    api_key_request r;
    r.name = "k";
    const auto make = [&](int n) {
        std::vector<asio::awaitable<outcome<new_api_key>>> all;
        for (int i = 0; i < n; ++i) all.push_back(keys_.create_key(ann, 0, r));
        return together(std::move(all));
    };
    EXPECT_THAT(make(45), Each("")) << "all connections are open from here on";
    const auto ends = make(10);
    EXPECT_EQ(std::ranges::count(ends, ""), 5);
    EXPECT_EQ(std::ranges::count(ends, "too_many_keys"), 5);
    EXPECT_EQ(number("SELECT count(*) FROM api_keys"), 50);
}

TEST_P(api_keys_in, a_key_that_a_key_makes_can_do_no_more_and_ends_no_later)
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

TEST_P(api_keys_in, revoking_a_key_revokes_what_it_has_made)
{
    const auto ann = enroll("ann");
    const auto parent = *make_key(ann, 0);
    const auto other = *make_key(ann, 0);
    const auto child = *make_key(ann, parent.id);
    const auto grandchild = *make_key(ann, child.id);
    EXPECT_TRUE(works(grandchild));
    EXPECT_EQ(revoke(enroll("bob"), parent.id).error().code, "not_found");
    EXPECT_TRUE(revoke(ann, parent.id));
    for (const auto& k : {parent, child, grandchild}) EXPECT_FALSE(works(k));
    EXPECT_TRUE(works(other));
    EXPECT_EQ(make_key(ann, child.id).error().code, "invalid_key");
    EXPECT_EQ(revoke(ann, child.id).error().code, "not_found");
}

}  // namespace
}  // namespace agora::api_keys
