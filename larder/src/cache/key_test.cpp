// SPDX-License-Identifier: MIT
// The texts of keys and tags, the codec and the envelope: round trips, malformed input, and escaping.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/describe/enum.hpp>
#include <larder/cache.hpp>
#include <random>
#include <set>

#include "envelope.hpp"

namespace larder {
namespace {

using namespace std::chrono_literals;

struct viewer {
    std::int64_t id = 0;
};
std::string key_field(const viewer& v) { return v.id == 0 ? "anonymous" : std::to_string(v.id); }

BOOST_DEFINE_ENUM_CLASS(order, newest, top)

constexpr region<int(int, int, viewer)> lists{"posts:list:{}:{}:{}", {.ttl = 30s, .tags = {"posts", "viewer:{2}"}}};
constexpr region<int(std::string, std::optional<std::string>)> texts{"texts:{}:{}",
                                                                     {.ttl = 30s, .tags = {"first:{0}"}}};
constexpr region<int()> one{"jobs:stats:overview", {.ttl = 30s}};
constexpr region<int(bool, double, order, timestamp, std::optional<int>)> odd{"odd:{}:{}:{}:{}:{}", {.ttl = 30s}};

TEST(keys, are_the_documents_own)
{
    EXPECT_EQ(lists(0, 20, viewer{456}).text(), "posts:list:0:20:456");
    EXPECT_EQ(lists(0, 20, viewer{}).text(), "posts:list:0:20:anonymous");
    EXPECT_EQ(one().text(), "jobs:stats:overview");
    EXPECT_EQ(texts("john", std::nullopt).text(), "texts:john:None");
    EXPECT_EQ(odd(true, 0.5, order::top, timestamp{5ms}, -3).text(), "odd:true:0.5:top:5:-3");
    EXPECT_EQ(lists(0, 20, viewer{456}).tag_text(0), "posts");
    EXPECT_EQ(lists(0, 20, viewer{456}).tag_text(1), "viewer:456");
    EXPECT_EQ((tag{"viewer:{}", viewer{456}}.text()), "viewer:456");
    EXPECT_EQ((tag{"a:{}:b:{}", std::string{"x:y"}, 2}.text()), "a:x%3Ay:b:2");
}

// BentoCache 1.3.0: clearing "users" also cleared "usersAbc". In other caches two different searches shared a key.
TEST(keys, of_different_fields_are_different)
{
    const std::vector<std::string> odd_texts{"",
                                             "a",
                                             "a:b",
                                             ":",
                                             "b",
                                             "%3A",
                                             "%",
                                             "None",
                                             "%4Eone",
                                             "~",
                                             "*",
                                             "{",
                                             "}",
                                             "{a}",
                                             "[",
                                             "]",
                                             "?",
                                             "\\",
                                             "\n",
                                             "\r\n",
                                             " ",
                                             "ä",
                                             "\x7f",
                                             std::string(1, '\0'),
                                             std::string(128, 'x'),
                                             std::string(129, 'x'),
                                             std::string(10'000, 'x'),
                                             std::string(10'000, 'x') + "y",
                                             std::string(127, 'x') + ":",
                                             std::string(40, 'x') + "~" + std::string(64, '0')};
    std::set<std::string> seen;
    for (const auto& a : odd_texts) {
        for (const auto& b : odd_texts) {
            const auto k = texts(a, b);
            EXPECT_TRUE(seen.emplace(k.text()).second) << k.text();
            EXPECT_LT(k.text().size(), 300U);
            EXPECT_EQ(std::string_view{k.text()}.find_first_of("*?[]\\{}\n\r"), std::string_view::npos);
            const auto parsed = texts.parse(k.text());
            EXPECT_EQ(parsed->text(), k.text());
            EXPECT_EQ(parsed->tag_text(0), k.tag_text(0));
        }
        EXPECT_TRUE(seen.emplace(texts(a, std::nullopt).text()).second);
    }
    EXPECT_EQ(texts("x", "None").text(), "texts:x:%4Eone");
}

TEST(keys, are_distinct_from_those_of_other_regions)
{
    constexpr region<int(int)> post{"post:{}", {.ttl = 30s}};
    EXPECT_TRUE(post.parse("post:1"));
    for (const auto* other : {"post:1:likes", "post:", "posts:1", "post", "xpost:1"})
        EXPECT_EQ(post.parse(other).has_value(), std::string_view{other} == "post:") << other;
    EXPECT_EQ(post.glob(), "post:*");
    EXPECT_EQ(one.glob(), "jobs:stats:overview");
}

struct inner {
    std::string text;
    std::optional<double> number;
    bool operator==(const inner&) const = default;
};
BOOST_DESCRIBE_STRUCT(inner, (), (text, number))
struct outer : inner {
    std::int8_t tiny = 0;
    std::uint64_t huge = 0;
    bool flag = false;
    order by = order::newest;
    timestamp at{};
    std::vector<inner> list;
    std::map<std::string, std::int64_t> map;
    std::pair<int, std::string> pair;
    std::vector<bool> bits;
    bool operator==(const outer&) const = default;
};
BOOST_DESCRIBE_STRUCT(outer, (inner), (tiny, huge, flag, by, at, list, map, pair, bits))

outer sample()
{
    outer o;
    o.text = std::string{"t\0x", 3};
    o.number = -0.25;
    o.tiny = -128;
    o.huge = ~std::uint64_t{0};
    o.flag = true;
    o.by = order::top;
    o.at = timestamp{-1ms};
    o.list = {{"a", std::nullopt}, {"", 1e300}};
    o.map = {{"k", INT64_MIN}, {"l", INT64_MAX}};
    o.pair = {7, "seven"};
    o.bits = {true, false, true};
    return o;
}

TEST(codec, brings_back_what_it_was_given)
{
    std::string bytes;
    codec<outer>::encode(sample(), bytes);
    outer back;
    ASSERT_TRUE(codec<outer>::decode(bytes, back));
    EXPECT_EQ(back, sample());
}

TEST(codec, refuses_every_prefix_and_survives_every_flipped_byte)
{
    std::string bytes;
    codec<outer>::encode(sample(), bytes);
    for (std::size_t n = 0; n < bytes.size(); ++n) {
        outer back;
        EXPECT_FALSE(codec<outer>::decode(bytes.substr(0, n), back));
        for (int bit = 0; bit < 8; ++bit) {
            auto wrong = bytes;
            wrong[n] = static_cast<char>(wrong[n] ^ (1 << bit));
            outer any;
            codec<outer>::decode(wrong, any);
        }
    }
    outer back;
    EXPECT_FALSE(codec<outer>::decode(bytes + "x", back));
    std::vector<std::string> list;
    EXPECT_FALSE((codec<std::vector<std::string>>::decode("\xff\xff\xff\xff\x0f", list)))
        << "nothing is allocated for a size that cannot be right";
}

struct renamed {
    std::string words;
    std::optional<double> number;
};
BOOST_DESCRIBE_STRUCT(renamed, (), (words, number))

TEST(codec, a_schema_is_its_members_names_and_types)
{
    EXPECT_NE(codec<inner>::schema, codec<renamed>::schema);
    EXPECT_NE(codec<inner>::schema, codec<outer>::schema);
    EXPECT_NE(codec<inner>::schema, json_codec<inner>::schema);
    EXPECT_NE(codec<std::vector<inner>>::schema, codec<std::optional<inner>>::schema);
    EXPECT_EQ(codec<std::int32_t>::schema, codec<std::int64_t>::schema)
        << "integers of all widths are compatible if the value fits";
}

TEST(codec, json_is_there_for_others)
{
    std::string bytes;
    json_codec<inner>::encode({"a", 1.5}, bytes);
    EXPECT_EQ(bytes, R"({"text":"a","number":1.5})");
    inner back;
    EXPECT_TRUE(json_codec<inner>::decode(bytes, back));
    EXPECT_FALSE(json_codec<inner>::decode("{", back));
}

detail::envelope filled(const std::string& payload)
{
    detail::envelope e;
    e.key = "post:1";
    e.schema = 42;
    e.created = 1'700'000'000'000;
    e.fresh_until = e.created + 1000;
    e.stale_until = e.created + 2000;
    e.cost = 777;
    e.negative = true;
    e.tags.resize(2);
    e.tags[0].fill('a');
    e.tags[1].fill('b');
    e.payload = payload;
    return e;
}

TEST(envelope, comes_back_whole_compressed_or_not)
{
    for (const std::string& payload : {std::string{}, std::string{"short"}, std::string(100'000, 'x')}) {
        const auto bytes = detail::pack(filled(payload), detail::first_epoch, 1000);
        EXPECT_LT(bytes.size(), 1000U);
        auto back = filled("");
        back.tags.clear();
        ASSERT_EQ(detail::unpack(bytes, 1 << 20, back), detail::unpacked::good);
        EXPECT_EQ(back.payload, payload);
        EXPECT_EQ(back.tags, filled("").tags);
        EXPECT_EQ(back.created, 1'700'000'000'000);
        EXPECT_EQ(back.fresh_until, back.created + 1000);
        EXPECT_EQ(back.stale_until, back.created + 2000);
        EXPECT_EQ(back.cost, 777U);
        EXPECT_TRUE(back.negative);
    }
}

TEST(envelope, with_any_byte_wrong_is_corrupt_or_the_same_value)
{
    for (const std::size_t size : {10UL, 5000UL}) {
        const auto bytes = detail::pack(filled(std::string(size, 'x')), detail::first_epoch, 1000);
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            auto back = filled("");
            EXPECT_EQ(detail::unpack(std::string_view{bytes}.substr(0, i), 1 << 20, back), detail::unpacked::corrupt);
            auto wrong = bytes;
            wrong[i] = static_cast<char>(wrong[i] ^ 0x20);
            const auto got = detail::unpack(wrong, 1 << 20, back);
            // The checksum does not cover the lease.
            EXPECT_EQ(got, i >= 4 && i < detail::lease_end ? detail::unpacked::good : detail::unpacked::corrupt) << i;
        }
    }
}

TEST(envelope, of_another_key_or_schema_or_size_is_not_taken)
{
    const auto bytes = detail::pack(filled(std::string(5000, 'x')), detail::first_epoch, 1000);
    auto back = filled("");
    back.key = "post:2";
    EXPECT_EQ(detail::unpack(bytes, 1 << 20, back), detail::unpacked::corrupt);
    back = filled("");
    back.schema = 43;
    EXPECT_EQ(detail::unpack(bytes, 1 << 20, back), detail::unpacked::another_schema);
    back = filled("");
    EXPECT_EQ(detail::unpack(bytes, 4999, back), detail::unpacked::corrupt)
        << "the payload would inflate to more than max_bytes";
}

TEST(heap_bytes, count_what_a_value_holds_elsewhere)
{
    const std::string big(1000, 'x');
    EXPECT_EQ(detail::heap_bytes(1), 0U);
    EXPECT_EQ(detail::heap_bytes(std::string{"short"}), 0U);
    EXPECT_GE(detail::heap_bytes(big), 1000U);
    EXPECT_GE((detail::heap_bytes(std::vector<std::string>{big, big})), 2000U + 2 * sizeof(std::string));
    EXPECT_GE((detail::heap_bytes(inner{big, 1.0})), 1000U);
}

}  // namespace
}  // namespace larder
