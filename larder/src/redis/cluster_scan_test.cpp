// SPDX-License-Identifier: MIT
// Tests scans over a cluster while slots move and masters are replaced.
#include "cluster_scan.hpp"

#include <larder/redis/scan.hpp>
#include <larder/testing/redis_groups.hpp>
#include <set>

#include "keys.hpp"
#include "loop_fixture.hpp"

namespace larder::redis {
namespace {

using testing::cluster_group;

TEST(cluster_scan, a_node_reports_which_slots_it_owns_and_which_are_being_moved)
{
    const auto view = parse_nodes(
        "07c3 127.0.0.1:7001@17001 slave e7d1 0 1426238317239 4 connected\n"
        "67ed 127.0.0.1:7002@17002,host2 master - 0 1426238316232 2 connected 5461-10922 [5462->-other]\n"
        "e7d1 127.0.0.1:7000@17000 myself,master - 0 0 1 connected 0-2 5 8-9 [2->-67ed] [7-<-67ed]\n");
    EXPECT_EQ(view->id, "e7d1");
    std::set<std::size_t> slots;
    for (std::size_t i = 0; i < slot_count; ++i) {
        if (view->stable[i]) slots.insert(i);
    }
    EXPECT_EQ(slots, (std::set<std::size_t>{0, 1, 5, 8, 9}));
    EXPECT_FALSE(parse_nodes("07c3 127.0.0.1:7001@17001 slave e7d1 0 1426238317239 4 connected\n"));
    EXPECT_EQ(parse_nodes("a b myself,master - 0 0 1 connected 99999 7-x [y 16383-99999 16383")->stable.count(), 1U);
}

node_view view_of(const std::string& id, std::size_t from, std::size_t to)
{
    node_view v{id, {}};
    for (auto i = from; i <= to; ++i) v.stable.set(i);
    return v;
}

TEST(cluster_scan, a_slot_is_covered_when_its_node_owned_it_at_both_ends_of_the_pass)
{
    cluster_scan s;
    EXPECT_EQ(s.next(), 0);
    EXPECT_TRUE(s.begin(view_of("a", 0, 100)));
    EXPECT_TRUE(s.end(view_of("a", 0, 90)));
    EXPECT_EQ(s.next(), 91);
    EXPECT_FALSE(s.begin(view_of("a", 0, 90)));  // the map was outdated
    EXPECT_TRUE(s.begin(view_of("b", 91, slot_count - 1)));
    EXPECT_FALSE(s.end(view_of("c", 91, slot_count - 1)));  // failed over
    EXPECT_EQ(s.futile(), 2U);
    EXPECT_TRUE(s.begin(view_of("c", 91, slot_count - 1)));
    EXPECT_TRUE(s.end(view_of("c", 91, slot_count - 1)));
    EXPECT_EQ(s.next(), std::nullopt);
    EXPECT_EQ(s.futile(), 0U);
}

class cluster_scan_test : public loop_test {
 protected:
    static void SetUpTestSuite() { group = std::make_unique<cluster_group>(); }
    static void TearDownTestSuite() { group.reset(); }
    static inline std::unique_ptr<cluster_group> group;
    client redis{io, to(group->url())};
    static constexpr std::size_t all = 600;

    void fill()
    {
        run([&]() -> asio::awaitable<void> {
            request set;
            for (std::size_t i = 0; i < all; ++i) set.add("SET", "scan:" + std::to_string(i), i);
            for (int i = 0; i < 20; ++i) set.add("SET", "scan:{moving}" + std::to_string(i), i);
            const auto done = co_await redis.exec_each<bool>(std::move(set));
            for (const auto& d : done.value()) EXPECT_TRUE(d.has_value());
        });
    }
    /// Runs a whole scan, and calls `between` with the page number after each page.
    void scan_all(std::size_t count, const std::function<void(int page)>& between)
    {
        std::set<std::string> seen;
        run([&]() -> asio::awaitable<void> {
            scan keys{redis, {.key = {}, .match = "scan:*", .count = count}};
            for (int page = 0;; ++page) {
                const auto batch = co_await keys.next();
                EXPECT_TRUE(batch.has_value()) << batch.error().message;
                if (!batch || !*batch) break;
                seen.insert((*batch)->begin(), (*batch)->end());
                between(page);
                co_await redis.exec(request{"GET", key_of_slot_0()});  // lets the client learn the current owner
            }
        });
        EXPECT_EQ(seen.size(), all + 20);
    }
    static std::string key_of_slot_0()
    {
        for (int i = 0;; ++i) {
            if (auto key = "key" + std::to_string(i); key_slot(key) == 0) return key;
        }
    }
    /// A slot of a node other than the one that a scan visits first.
    static unsigned moving_slot() { return key_slot("{moving}"); }
};

TEST_F(cluster_scan_test, a_slot_that_moves_to_a_node_that_was_scanned_is_not_lost)
{
    fill();
    auto& first = group->owner_of(0);
    ASSERT_NE(&group->owner_of(moving_slot()), &first);
    scan_all(10'000, [&](int page) {
        if (page > 0) return;
        group->begin_migration(moving_slot(), first);
        group->move_keys(moving_slot(), first);
        group->end_migration(moving_slot(), first);
    });
    auto& back = group->owner_of(slot_count - 1);
    group->begin_migration(moving_slot(), back);
    group->move_keys(moving_slot(), back);
    group->end_migration(moving_slot(), back);
}

TEST_F(cluster_scan_test, keys_of_a_slot_that_is_being_moved_while_its_node_is_scanned_are_not_lost)
{
    fill();
    auto& first = group->owner_of(0);
    const auto slot = moving_slot();
    scan_all(10'000, [&](int page) {
        if (page == 0) {
            group->begin_migration(slot, first);
            group->move_keys(slot, first, 10);
        } else if (page == 2) {
            group->move_keys(slot, first);
            group->end_migration(slot, first);
        }
    });
}

TEST_F(cluster_scan_test, a_slot_that_never_arrives_ends_the_scan_with_an_error)
{
    fill();
    auto& target = group->owner_of(slot_count - 1);
    auto& from = group->owner_of(moving_slot());
    ASSERT_NE(&target, &from);
    group->begin_migration(moving_slot(), target);
    run([&]() -> asio::awaitable<void> {
        scan keys{redis, {.key = {}, .match = "scan:*", .count = 10'000}};
        std::set<std::string> seen;
        bool refused = false;
        for (int page = 0; page < 100; ++page) {
            const auto batch = co_await keys.next();
            if (!batch) {
                refused = true;
                EXPECT_THAT(batch.error().message, ::testing::HasSubstr(std::to_string(moving_slot())));
                for (auto* s : {&target, &from})
                    s->command({"CLUSTER", "SETSLOT", std::to_string(moving_slot()), "STABLE"});
                continue;
            }
            if (!*batch) break;
            seen.insert((*batch)->begin(), (*batch)->end());
        }
        EXPECT_TRUE(refused);
        EXPECT_EQ(seen.size(), all + 20);
    });
}

TEST_F(cluster_scan_test, a_master_that_is_replaced_while_it_is_scanned_is_scanned_anew)
{
    fill();
    scan_all(20, [&](int page) {
        if (page != 3) return;
        auto& before = group->owner_of(0);
        group->wait_for_one_epoch();
        for (std::size_t i = 0; i < group->size(); ++i) {
            auto& n = group->node(i);
            const auto role = n.command({"ROLE"});
            if (role.starts_with("slave") &&
                role.find("\n" + std::to_string(before.port()) + "\n") != std::string::npos)
                n.command({"CLUSTER", "FAILOVER", "TAKEOVER"});
        }
        testing::wait_for("the replica takes over", [&] { return before.command({"ROLE"}).starts_with("slave"); });
    });
}

}  // namespace
}  // namespace larder::redis
