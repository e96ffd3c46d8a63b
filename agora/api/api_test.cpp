// SPDX-License-Identifier: MIT
// Lists and cursors, If-Match preconditions, and the rules for one-line texts that are shown as names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <agora/api/list.hpp>
#include <agora/api/precondition.hpp>
#include <agora/api/visible_text.hpp>

namespace agora::api {
namespace {

using ::testing::ElementsAre;

const storage::cursor_signer signer{"a secret for the tests"};
const cursors by_time{signer, "new", {"news", ""}};

std::vector<std::string> refused_fields(const outcome<window>& w)
{
    std::vector<std::string> names;
    if (w.has_value()) return names;
    EXPECT_EQ(w.error().status, 422U);
    for (const auto& e : w.error().fields) names.push_back(e.field);
    return names;
}

page_query with_cursor(std::string text)
{
    page_query q;
    q.cursor = std::move(text);
    return q;
}

struct thing {
    std::int64_t id = 0;
};

std::vector<placed<thing>> rows(std::int64_t count)
{
    std::vector<placed<thing>> made;
    for (std::int64_t i = 1; i <= count; ++i) made.push_back({{i}, {100 * i, i}});
    return made;
}

TEST(list_window, defaults_to_the_first_twenty)
{
    const auto w = by_time.read({});
    ASSERT_TRUE(w.has_value());
    EXPECT_EQ(w->limit, 20);
    EXPECT_EQ(w->offset, 0);
    EXPECT_FALSE(w->after);
    EXPECT_FALSE(w->include_total);
}

TEST(list_window, limit_is_between_one_and_a_hundred)
{
    for (const std::int64_t good : {1, 100}) {
        page_query q;
        q.limit = good;
        EXPECT_EQ(by_time.read(q)->limit, good);
    }
    for (const std::int64_t bad : {std::int64_t{0}, std::int64_t{101}, std::int64_t{-1}, INT64_MIN, INT64_MAX}) {
        page_query q;
        q.limit = bad;
        EXPECT_THAT(refused_fields(by_time.read(q)), ElementsAre("limit")) << bad;
    }
}

TEST(list_window, pages_and_skips_become_offsets)
{
    page_query pages;
    pages.page = 3;
    pages.per_page = 7;
    EXPECT_EQ(by_time.read(pages)->offset, 14);
    EXPECT_EQ(by_time.read(pages)->limit, 7);

    page_query skips;
    skips.skip = 40;
    skips.limit = 10;
    EXPECT_EQ(by_time.read(skips)->offset, 40);
}

TEST(list_window, reaches_far_pages_only_by_cursor)
{
    page_query q;
    q.skip = max_skip + 1;
    EXPECT_THAT(refused_fields(by_time.read(q)), ElementsAre("skip"));

    page_query last_page;
    last_page.page = 501;
    EXPECT_EQ(by_time.read(last_page)->offset, max_skip);
    for (const std::int64_t bad : {std::int64_t{502}, std::int64_t{0}, INT64_MAX}) {
        last_page.page = bad;
        EXPECT_THAT(refused_fields(by_time.read(last_page)), ElementsAre("page")) << bad;
    }
}

TEST(list_window, names_every_wrong_and_every_contradicting_parameter)
{
    page_query q = with_cursor(by_time.write({1, 1}));
    q.limit = 0;
    q.per_page = 101;
    q.page = 2;
    q.skip = -1;
    EXPECT_THAT(refused_fields(by_time.read(q)),
                ElementsAre("limit", "per_page", "skip", "page", "skip", "skip", "per_page"));
}

TEST(list_cursor, continues_after_the_row_it_names)
{
    const auto w = by_time.read(with_cursor(by_time.write({1234, 56})));
    ASSERT_TRUE(w.has_value());
    EXPECT_EQ(w->after->key, 1234);
    EXPECT_EQ(w->after->id, 56);
}

TEST(list_cursor, of_another_list_is_rejected)
{
    const cursors other_sort{signer, "top", {"news", ""}};
    const cursors other_filter{signer, "new", {"", "news"}};
    const std::string ours = by_time.write({1, 1});
    for (const cursors* other : {&other_sort, &other_filter}) {
        const auto w = other->read(with_cursor(ours));
        ASSERT_TRUE(w.has_error());
        EXPECT_EQ(w.error().status, 400U);
        EXPECT_EQ(w.error().code, "cursor_mismatch");
    }
}

TEST(list_cursor, with_an_invalid_signature_is_rejected)
{
    const storage::cursor_signer stranger{"another secret"};
    const cursors forged{stranger, "new", {"news", ""}};
    for (const std::string& text : {forged.write({1, 1}), std::string{}, std::string{"page2"}}) {
        const auto w = by_time.read(with_cursor(text));
        ASSERT_TRUE(w.has_error());
        EXPECT_EQ(w.error().code, "invalid_cursor");
    }
}

TEST(list_page, the_extra_row_only_shows_that_there_are_more)
{
    window w;
    w.limit = 2;
    const auto page = make_list(rows(3), w, by_time);
    EXPECT_EQ(page.data.size(), 2U);
    EXPECT_TRUE(page.page.has_more);
    EXPECT_EQ(by_time.read(with_cursor(*page.page.next_cursor))->after->id, 2);
}

TEST(list_page, the_last_page_has_no_cursor)
{
    window w;
    w.limit = 2;
    for (const std::int64_t count : {0, 1, 2}) {
        const auto page = make_list(rows(count), w, by_time);
        EXPECT_EQ(page.data.size(), static_cast<std::size_t>(count));
        EXPECT_FALSE(page.page.has_more);
        EXPECT_FALSE(page.page.next_cursor);
    }
}

TEST(list_page, total_is_capped)
{
    page_info page;
    set_total(page, max_total);
    EXPECT_EQ(page.total, max_total);
    EXPECT_EQ(page.total_is_capped, false);
    set_total(page, max_total + 1);
    EXPECT_EQ(page.total, max_total);
    EXPECT_EQ(page.total_is_capped, true);
}

TEST(precondition, an_edit_names_the_version_that_it_changes)
{
    for (const auto* good : {"\"7-abc\"", "W/\"7-abc\"", "*", "\"6-abc\", \"7-def\""}) {
        EXPECT_TRUE(check_if_match(http::if_match::parse(good), 7).has_value()) << good;
    }
    for (const auto* stale : {"\"6-abc\"", "\"77-abc\"", "\"abc\"", "7", "\"7\"", "x"}) {
        EXPECT_EQ(check_if_match(http::if_match::parse(stale), 7).error().status, 412U) << stale;
    }
    EXPECT_EQ(check_if_match({}, 7).error().status, 428U);
}

TEST(visible_text, white_space_of_any_kind_is_trimmed_and_becomes_one_space)
{
    const std::pair<const char*, const char*> table[] = {
        {"Ann", "Ann"},
        {"  Ann\t\r\n", "Ann"},
        {"\u00A0\u3000Ann\u2003\u2028", "Ann"},
        {"Ann \u00A0 B", "Ann B"},
        {"Ann\u2009B\u1680C", "Ann B C"},
        {"Ann\nB", "Ann\nB"},  // refused below
        {" \u00A0\u2007\u202F\u205F ", ""},
        {"", ""},
        {"\xff \xc3", "\xff \xc3"},  // refused below
        {"\u05D3\u05D5\u05D3 \u0639\u0644\u064A", "\u05D3\u05D5\u05D3 \u0639\u0644\u064A"},
    };
    for (const auto& [written, kept] : table) EXPECT_EQ(tidied(written), kept) << written;
}

TEST(visible_text, invisible_and_direction_changing_characters_are_found)
{
    const std::string_view refused[] = {
        std::string_view{"a\0b", 3}, "a\nb", "a\tb", "\x7f", "\u0080", "\u0085x", "a\u00ADb", "a\u034Fb", "\u061Ca",
        "\u115F", "\u1160", "\u17B4", "\u180E", "\u200Ba", "a\u200Eb", "a\u200Fb", "\u2028", "\u2029", "\u202Aa",
        "\u202Bb", "\u202Cc", "\u202Dd", "a\u202Eb", "\u2060", "\u2064", "\u2066a", "\u2067a", "\u2068a", "\u2069a",
        "\u206F", "\u2800", "\u3164", "\uE000", "\uF8FF", "\uFDD0", "\uFEFFa", "\uFFA0", "\uFFF9", "\uFFFC", "a\uFE0F",
        "a\uFE00", "\U000E0041", "\U000E0100", "\U000F0000", "\U0010FFFD", "\xEF\xBF\xBE", "\xF0\x9F\xBF\xBF",
        "\U0001D173", "\U00013430",
        // Joiners and selectors where no script or emoji needs them.
        "ad\u200Dmin", "ad\u200Cmin", "\u200Dx", "x\u200D", "\u0430\u200D\u0430", "\u5F20\u200D\u4E09", "\u0628\u200C",
        "\u0628\u200D\u200D\u0628", "\U0001F600\uFE0F\uFE0F", "\u0628\uFE0F", "\U0001F600\u200Da",
        // Bytes that are not UTF-8.
        "\xff", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\x80z"};
    for (const auto text : refused) EXPECT_TRUE(has_hidden_characters(text)) << text;
    const std::string_view fine[] = {"",
                                     "Ann B.",
                                     "O\u2019Neill \u2013 x",
                                     "\u00C4nne \u0130\u0131",
                                     "e\u0301",
                                     "\u05D3\u05D5\u05D3",
                                     "\u0639\u0644\u064A",
                                     "\u5F20\u4E09 \u3042",
                                     "\uAC00\u1100",
                                     "\u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645",  // Persian
                                     "\u0915\u094D\u200D\u0937",                          // Devanagari
                                     "\U0001F469\u200D\U0001F4BB",
                                     "\u2764\uFE0F",
                                     "\u2764\uFE0F\u200D\U0001F525",
                                     "\U0001F1E9\U0001F1EA",
                                     "\U0001F44D\U0001F3FD",
                                     "\uFFFD"};
    for (const auto text : fine) EXPECT_FALSE(has_hidden_characters(text)) << text;
}

}  // namespace
}  // namespace agora::api
