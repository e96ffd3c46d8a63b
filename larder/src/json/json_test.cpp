// SPDX-License-Identifier: MIT
// Tests of typed JSON: writing and reading of every kind of member, strictness, limits, error reports and schemas.
#include <gtest/gtest.h>

#include <cmath>
#include <larder/json.hpp>

namespace larder::json {
namespace {

enum class color { red, green };
BOOST_DESCRIBE_ENUM(color, red, green)

struct author {
    std::int64_t id = 0;
    std::string name;
    bool operator==(const author&) const = default;
};
BOOST_DESCRIBE_STRUCT(author, (), (id, name))

struct comment {
    std::int64_t id = 0;
    std::vector<comment> replies;
    bool operator==(const comment&) const = default;
};
BOOST_DESCRIBE_STRUCT(comment, (), (id, replies))

struct named {
    std::string label;
    bool operator==(const named&) const = default;
};
BOOST_DESCRIBE_STRUCT(named, (), (label))

struct sample : named {
    bool flag = false;
    std::int32_t small = 0;
    std::uint64_t large = 0;
    double real = 0;
    color tint = color::red;
    timestamp at;
    std::optional<std::string> maybe;
    std::optional<author> by;
    std::vector<std::string> tags;
    std::map<std::string, std::int64_t> counts;
    std::vector<comment> tree;
    bool operator==(const sample&) const = default;
};
BOOST_DESCRIBE_STRUCT(sample, (named), (flag, small, large, real, tint, at, maybe, by, tags, counts, tree))

struct defaults {
    static constexpr bool json_defaults = true;
    std::int64_t limit = 20;
    std::string sort = "new";
};
BOOST_DESCRIBE_STRUCT(defaults, (), (limit, sort))

struct empty {};
BOOST_DESCRIBE_STRUCT(empty, (), ())

sample full()
{
    sample s;
    s.label = "l";
    s.flag = true;
    s.small = -5;
    s.large = std::numeric_limits<std::uint64_t>::max();
    s.real = 0.1;
    s.tint = color::green;
    s.at = timestamp{std::chrono::milliseconds{1282765851187}};
    s.by = author{7, "Ann"};
    s.tags = {"a", "b"};
    s.counts = {{"x", 1}, {"y", 2}};
    s.tree = {comment{1, {comment{2, {}}}}};
    return s;
}

constexpr std::string_view full_text =
    R"({"label":"l","flag":true,"small":-5,"large":18446744073709551615,"real":0.1,"tint":"green",)"
    R"("at":"2010-08-25T19:50:51.187Z","maybe":null,"by":{"id":7,"name":"Ann"},"tags":["a","b"],)"
    R"("counts":{"x":1,"y":2},"tree":[{"id":1,"replies":[{"id":2,"replies":[]}]}]})";

/// Returns "path code" for each problem, or "syntax".
template <class T>
std::string problems(std::string_view text)
{
    const auto r = read<T>(text);
    if (r) return "";
    if (r.error().syntax) return "syntax";
    std::string all;
    for (const auto& p : r.error().fields)
        all.append(all.empty() ? "" : ", ").append(p.path).append(" ").append(p.code);
    return all;
}

TEST(json, every_kind_of_member_is_written_and_read_back)
{
    EXPECT_EQ(to_string(full()), full_text);
    const auto back = read<sample>(full_text);
    ASSERT_TRUE(back) << back.error().detail << problems<sample>(full_text);
    EXPECT_EQ(*back, full());
    EXPECT_EQ(to_string(empty{}), "{}");
    EXPECT_EQ(to_string(raw_json{"[1]"}), "[1]");
    EXPECT_EQ(to_string(std::vector<bool>{true, false}), "[true,false]");
}

TEST(json, every_truncation_of_a_document_is_an_error)
{
    for (std::size_t n = 0; n < full_text.size(); ++n)
        EXPECT_EQ(problems<sample>(full_text.substr(0, n)), "syntax") << n;
}

TEST(json, strings_are_escaped_where_json_demands_it)
{
    const std::string controls{"\0\x01\x1f", 3};
    EXPECT_EQ(to_string(std::string{"\"\\/\b\f\n\r\t"} + controls + "\x7f"), R"("\"\\/\b\f\n\r\t\u0000\u0001\u001f)"
                                                                             "\x7f\"");
    for (std::size_t n = 0; n < 40; ++n) {
        const auto text = std::string(n, 'a') + '"' + std::string(n, 'b');
        EXPECT_EQ(to_string(text), '"' + std::string(n, 'a') + "\\\"" + std::string(n, 'b') + '"');
    }
    EXPECT_EQ(*read<std::string>(R"("\u00e9\ud83d\ude00\/")"), "\xc3\xa9\xf0\x9f\x98\x80/");
    EXPECT_EQ(problems<std::string>(R"("\ud83d")"), "syntax") << "half a surrogate pair";
}

TEST(json, bytes_that_are_not_utf8_are_never_written)
{
    const std::string replacement = "\xef\xbf\xbd";
    EXPECT_EQ(to_string(std::string{"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"}),
              "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"");
    for (const std::string_view bad : {"\x80", "\xff", "\xc0", "\xc3", "\xf5"})
        EXPECT_EQ(to_string(bad), '"' + replacement + '"') << bad.size();
    EXPECT_EQ(to_string(std::string_view{"\xed\xa0\x80"}), '"' + replacement + replacement + replacement + '"')
        << "surrogate";
    EXPECT_EQ(to_string(std::string_view{"\xc0\xaf"}), '"' + replacement + replacement + '"') << "overlong";
    EXPECT_EQ(problems<std::string>("\"\xff\""), "syntax");
}

TEST(json, numbers_keep_their_value_and_their_type)
{
    EXPECT_EQ(*read<std::int64_t>("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(to_string(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
    EXPECT_EQ(problems<std::int64_t>("9223372036854775808"), " out_of_range");
    EXPECT_EQ(problems<std::int32_t>("2147483648"), " out_of_range");
    EXPECT_EQ(problems<std::uint32_t>("-1"), " out_of_range");
    EXPECT_EQ(problems<std::int64_t>("1.0"), " wrong_type");
    EXPECT_EQ(problems<std::int64_t>("1e2"), " wrong_type");
    EXPECT_EQ(problems<std::int64_t>("\"1\""), " wrong_type");
    EXPECT_EQ(problems<std::int64_t>("01"), "syntax");
    EXPECT_EQ(*read<double>("3"), 3.0);
    EXPECT_EQ(to_string(std::nan("")), "null");
    EXPECT_EQ(to_string(1e300), "1e+300");
    for (const double d : {0.1, 1.0 / 3, 5e-324, 1.7976931348623157e308, -1.5e-7})
        EXPECT_EQ(*read<double>(to_string(d)), d);
    // Numbers that need more than 64 bits to be rounded correctly. These three were once wrong in the last digit.
    for (const auto& text : {std::string(123, '3') + "0.5", std::string("-9007199254740993.000000000000000000001"),
                             std::string("1.7976931348623157081e308")})
        EXPECT_EQ(*read<double>(text), std::strtod(text.c_str(), nullptr)) << text;
    EXPECT_EQ(*read<double>("1e-400"), 0.0);
    EXPECT_EQ(problems<double>("1e400"), " out_of_range");
    EXPECT_EQ(problems<double>("-1e400"), " out_of_range");
    EXPECT_EQ(problems<float>("1e40"), " out_of_range");
    EXPECT_EQ(*read<std::vector<double>>("[1.5,2.25e1,-0.0]"), (std::vector<double>{1.5, 22.5, -0.0}));
}

TEST(json, each_refused_field_is_named_with_its_path)
{
    EXPECT_EQ(problems<author>(R"({"id":"x","nme":1})"), "id wrong_type, nme unknown, name missing");
    EXPECT_EQ(problems<sample>(std::string{full_text}.replace(full_text.find("\"Ann\""), 5, "[]")),
              "by.name wrong_type");
    EXPECT_EQ(problems<std::vector<std::string>>(R"(["a",1,"b",null])"), "[1] wrong_type, [3] wrong_type");
    EXPECT_EQ(problems<std::vector<comment>>(R"([{"id":1,"replies":[{"id":2,"replies":7}]}])"),
              "[0].replies[0].replies wrong_type");
    EXPECT_EQ(problems<color>("\"blue\""), " invalid");
    EXPECT_EQ(read<color>("\"blue\"").error().fields[0].message, "must be one of red, green");
    EXPECT_EQ(problems<timestamp>("\"yesterday\""), " invalid");
    EXPECT_EQ(problems<author>("[]"), " wrong_type");
    EXPECT_EQ(problems<author>("null"), " wrong_type");
    EXPECT_EQ(problems<author>(R"({"id":1,"name":"a\u0000b"})"), "name invalid");
}

TEST(json, the_values_of_unknown_fields_are_skipped_whole)
{
    EXPECT_EQ(problems<author>(R"({"x":{"id":[1,{"name":2}]},"id":1,"name":"n"})"), "x unknown");
}

TEST(json, at_most_twenty_problems_are_listed)
{
    std::string text = "[0";
    for (int i = 0; i < 100; ++i) text += ",0";
    EXPECT_EQ(read<std::vector<std::string>>(text + "]").error().fields.size(), 20U);
}

TEST(json, a_repeated_member_is_rejected_with_its_name)
{
    const auto r = read<author>(R"({"id":1,"name":"a","id":2})");
    ASSERT_TRUE(r.has_error());
    EXPECT_TRUE(r.error().syntax);
    EXPECT_EQ(r.error().detail, "the field id appears twice");
    using counts = std::map<std::string, std::int64_t>;
    EXPECT_EQ(problems<counts>(R"({"a":1,"a":2})"), "syntax");
}

TEST(json, a_text_that_is_not_one_document_is_rejected)
{
    for (const std::string_view bad :
         {"", " ", "{}x", "{} {}", "{,}", "[1,]", "{\"a\":1,}", "'a'", "{a:1}", "nul", "//x\n1", "1 2"})
        EXPECT_EQ(problems<std::vector<std::int64_t>>(bad), "syntax") << bad;
    EXPECT_EQ(problems<std::vector<std::int64_t>>(" [1 , 2]\n"), "");
}

TEST(json, an_id_is_a_text_or_an_integer)
{
    for (const auto& [text, id] : {std::pair{"\"7\"", "7"}, std::pair{"7", "7"}, std::pair{"\"ann\"", "ann"},
                                   std::pair{"-7", "-7"}, std::pair{"18446744073709551615", "18446744073709551615"}}) {
        const auto read = json::read<json::id_text>(text);
        ASSERT_TRUE(read.has_value()) << text;
        EXPECT_EQ(read->text, id);
        EXPECT_EQ(json::to_string(*read), "\"" + std::string{id} + "\"");
    }
    for (const auto* bad : {"7.5", "1e3", "true", "[7]", "null", "{}"})
        EXPECT_TRUE(json::read<json::id_text>(bad).has_error()) << bad;
    std::string schema;
    json::append_schema(schema, *json::schema_of<std::optional<json::id_text>>());
    EXPECT_EQ(schema, R"({"type":["string","integer","null"]})");
}

TEST(json, a_nul_is_rejected_where_the_limits_say_so)
{
    using map = std::map<std::string, std::string>;
    const char* const texts[] = {R"({"a":"b\u0000"})", R"({"\u0000":"b"})", R"({"a":"\u0000"})"};
    for (const auto* text : texts) {
        const auto read = json::read<map>(text, json::read_limits{.nul = false});
        ASSERT_TRUE(read.has_error()) << text;
        EXPECT_TRUE(read.error().syntax) << text;
    }
    EXPECT_FALSE(json::read<map>(R"({"a":"b\u0000"})").error().syntax)
        << "with the default limits it is reported for the field";
    EXPECT_TRUE(json::read<map>(R"({"a":"\\u0000"})", json::read_limits{.nul = false}).has_value());
}

TEST(json, text_that_is_not_unicode_is_refused)
{
    for (const std::string text :
         {"\"\xff\"", "\"\xc3\"", "\"\xed\xa0\x80\"", "\"\xc0\xaf\"", R"("\ud800")", R"("\udc00")", R"("\ud800x")",
          R"("\ud800\u0041")", R"("\ud800\ud800")", R"("\u12g4")"}) {
        const auto read = json::read<std::string>(text);
        ASSERT_TRUE(read.has_error()) << text;
        EXPECT_TRUE(read.error().syntax) << text;
    }
    EXPECT_EQ(*json::read<std::string>(R"("\ud83d\ude00")"), "\xf0\x9f\x98\x80");
}

TEST(json, depth_is_limited)
{
    const auto nested = [](int n) {
        std::string text;
        for (int i = 0; i < n; ++i) text += R"({"id":1,"replies":[)";
        for (int i = 0; i < n; ++i) text += "]}";
        return text;
    };
    EXPECT_EQ(problems<comment>(nested(16)), "");
    EXPECT_EQ(problems<comment>(nested(17)), "syntax");
    EXPECT_EQ(problems<author>(std::string(1'000'000, '[')), "syntax");
}

TEST(json, optional_and_defaulted_members_may_be_absent)
{
    const auto d = read<defaults>(R"({"limit":5})");
    ASSERT_TRUE(d);
    EXPECT_EQ(d->limit, 5);
    EXPECT_EQ(d->sort, "new");
    auto text = std::string{full_text};
    text.erase(text.find(R"("maybe":null,)"), 13);
    EXPECT_EQ(problems<sample>(text), "");
}

TEST(json, plain_values_are_read_from_query_texts)
{
    EXPECT_EQ(from_text<std::int64_t>("-12").value(), -12);
    for (const auto* bad : {"", "1x", "+1", " 1", "1.5", "99999999999999999999"})
        EXPECT_EQ(from_text<std::int64_t>(bad).error(), errc::malformed) << bad;
    EXPECT_TRUE(from_text<bool>("1").value());
    EXPECT_FALSE(from_text<bool>("false").value());
    EXPECT_FALSE(from_text<bool>("yes").has_value());
    EXPECT_EQ(from_text<std::optional<color>>("green").value(), color::green);
    EXPECT_FALSE(from_text<std::optional<color>>("blue").has_value());
    EXPECT_EQ(from_text<std::string>("any").value(), "any");
    EXPECT_FALSE(from_text<std::string>(std::string_view{"a\0b", 3}).has_value());
}

struct pages {
    std::int64_t limit = 0;
    std::optional<std::vector<std::string>> kinds;
    std::optional<comment> first;
    static constexpr bool json_defaults = true;
};
BOOST_DESCRIBE_STRUCT(pages, (), (limit, kinds, first))
struct named_pages : pages {
    std::string name;
};
BOOST_DESCRIBE_STRUCT(named_pages, (pages), (name))

constexpr std::array<std::string_view, 2> kinds{"old", "new"};
constexpr member_facts pages_facts[]{
    {.name = "limit", .meaning = "How \"many\".", .least = 1, .most = 100, .initial = "20"},
    {.name = "kinds", .meaning = "Which.", .most = 2, .words = kinds},
    {.name = "first", .meaning = "The first one."},
};
type_facts facts_of(std::type_identity<pages>) { return {"Pages", "What to return.", pages_facts}; }
constexpr member_facts named_facts[]{{.name = "name", .meaning = "Its name.", .least = 2, .pattern = "^[a-z]+$"}};
type_facts facts_of(std::type_identity<named_pages>) { return {"NamedPages", {}, named_facts}; }

TEST(json, schemas_contain_what_is_known_besides_the_types)
{
    std::string text;
    append_object_schema(text, *schema_of<named_pages>());
    EXPECT_EQ(
        text,
        R"({"type":"object","additionalProperties":false,"properties":{)"
        R"("limit":{"type":"integer","format":"int64","minimum":1,"maximum":100,"description":"How \"many\".","default":20},)"
        R"("kinds":{"type":["array","null"],"items":{"type":"string","enum":["old","new"]},"maxItems":2,"description":"Which."},)"
        R"("first":{"oneOf":[{"$ref":"#/components/schemas/json.comment"},{"type":"null"}],"description":"The first one."},)"
        R"("name":{"type":"string","minLength":2,"pattern":"^[a-z]+$","description":"Its name."}}})")
        << "the members of a base class are described with the base class";
    EXPECT_EQ(schema_of<pages>()->name, "Pages");
    EXPECT_EQ(schema_of<pages>()->meaning, "What to return.");
}

TEST(json, schemas_describe_types_that_contain_themselves)
{
    std::string text;
    append_object_schema(text, *schema_of<comment>());
    EXPECT_EQ(
        text,
        R"({"type":"object","additionalProperties":false,"properties":{"id":{"type":"integer","format":"int64"},)"
        R"("replies":{"type":"array","items":{"$ref":"#/components/schemas/json.comment"}}},"required":["id","replies"]})");
    text.clear();
    append_schema(text, *schema_of<std::optional<color>>());
    EXPECT_EQ(text, R"({"type":["string","null"],"enum":["red","green",null]})");
    text.clear();
    append_schema(text, *schema_of<std::map<std::string, timestamp>>());
    EXPECT_EQ(text, R"({"type":"object","additionalProperties":{"type":"string","format":"date-time"}})");
}

}  // namespace
}  // namespace larder::json
