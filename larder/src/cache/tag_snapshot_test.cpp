// SPDX-License-Identifier: MIT
// tag_snapshot: which versions are asked for, and what makes a snapshot invalid. No I/O; all times are made up.
#include "tag_snapshot.hpp"

#include <gtest/gtest.h>

namespace larder::detail {
namespace {

using namespace std::chrono_literals;

constexpr boot_time begin = boot_time{} + 1h;

tag_version version(char c)
{
    tag_version v{};
    v.fill(c);
    return v;
}

reply_context reply_in(std::uint64_t generation)
{
    return {.epoch = {}, .generation = generation, .confirmed_as_of = begin, .channel = 0, .pushes = 0};
}

class tags_of_an_entry : public ::testing::Test {
 protected:
    std::shared_ptr<tag_slot> red = std::make_shared<tag_slot>("red");
    std::shared_ptr<tag_slot> blue = std::make_shared<tag_slot>("blue");
    tag_snapshot tags{{red, blue}};

    /// Asks for the versions that are not known since `since`, not before `begin`, and answers with this version for
    /// each.
    std::vector<std::string> ask(boot_time since, std::uint64_t generation, char answer)
    {
        std::vector<std::string> names;
        for (const auto& q : tags.begin(since, generation, 1h)) names.push_back(q.tag);
        const std::vector<std::optional<tag_version>> answers(names.size(), version(answer));
        tags.complete(answers, reply_in(generation), std::max(since, begin));
        return names;
    }
};

using names = std::vector<std::string>;

TEST_F(tags_of_an_entry, are_asked_for_once_and_then_known)
{
    EXPECT_EQ(ask(begin, 1, 'a'), (names{"red", "blue"}));
    EXPECT_TRUE(still_valid(tags.numbers()));
    EXPECT_EQ(tags.confirmed_as_of(), boot_time::max()) << "all were read now";

    EXPECT_EQ(ask(begin - 1s, 1, 'b'), names{});
    EXPECT_EQ(tags.versions(), (std::vector{version('a'), version('a')}));
    EXPECT_EQ(tags.confirmed_as_of(), begin);
    EXPECT_TRUE(still_valid(tags.numbers()));
}

TEST_F(tags_of_an_entry, are_asked_for_again_when_the_last_read_is_too_old)
{
    ask(begin, 1, 'a');
    EXPECT_EQ(ask(begin + 1ms, 1, 'a'), (names{"red", "blue"}));
    EXPECT_TRUE(still_valid(tags.numbers())) << "the same version confirms what is known";
}

TEST_F(tags_of_an_entry, are_asked_for_again_in_another_generation)
{
    ask(begin, 1, 'a');
    EXPECT_EQ(ask(begin - 1s, 2, 'a'), (names{"red", "blue"}));
}

TEST_F(tags_of_an_entry, do_not_use_what_was_known_if_the_generation_ends_meanwhile)
{
    ask(begin, 1, 'a');
    EXPECT_TRUE(tags.begin(begin - 1s, 1, 1h).empty());
    tags.complete({}, reply_in(2), begin);
    EXPECT_FALSE(still_valid(tags.numbers()));
}

TEST_F(tags_of_an_entry, without_an_answer_make_the_snapshot_invalid)
{
    EXPECT_EQ(tags.begin(begin, 1, 1h).size(), 2U);
    const std::vector<std::optional<tag_version>> one_missing{version('a'), std::nullopt};
    tags.complete(one_missing, reply_in(1), begin);
    EXPECT_FALSE(still_valid(tags.numbers()));
}

TEST_F(tags_of_an_entry, that_are_invalidated_later_make_the_snapshot_invalid)
{
    tags.take_numbers();
    EXPECT_TRUE(still_valid(tags.numbers()));
    blue->invalidate(begin);
    EXPECT_FALSE(still_valid(tags.numbers()));

    ask(begin + 1s, 1, 'a');
    EXPECT_TRUE(still_valid(tags.numbers()));
    red->invalidate(begin + 2s);
    EXPECT_FALSE(still_valid(tags.numbers()));
}

TEST_F(tags_of_an_entry, ignore_an_answer_that_is_older_than_an_invalidation)
{
    EXPECT_EQ(tags.begin(begin, 1, 1h).size(), 2U);
    red->invalidate(begin + 1ms);  // after the question was sent
    const std::vector<std::optional<tag_version>> answers(2, version('a'));
    tags.complete(answers, reply_in(1), begin);
    EXPECT_FALSE(still_valid(tags.numbers()));
}

}  // namespace
}  // namespace larder::detail
