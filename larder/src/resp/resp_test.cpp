// SPDX-License-Identifier: MIT
// Tests of the RESP reader and writer: every kind of element, input split at every byte, malformed input and limits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <larder/resp.hpp>

namespace larder::resp {
namespace {

using ::testing::HasSubstr;

/// Describes a reply as text, independent of its encoding.
std::string describe(const value& v)
{
    static constexpr const char* names[] = {"simple", "error", "integer", "bulk", "verbatim", "null", "boolean",
                                            "number", "big",   "array",   "set",  "map",      "push"};
    std::string out = names[static_cast<std::size_t>(v.type())];
    if (!v.is_aggregate()) return v.is_null() ? out : out + "(" + std::string{v.text()} + ")";
    out += "[";
    for (const auto& c : v) out += (out.back() == '[' ? "" : " ") + describe(c);
    return out + "]";
}

/// Describes all replies in `bytes`, which are passed to the reader in pieces that end at `cuts`.
std::string read_all(std::string_view bytes, std::vector<std::size_t> cuts, const limits& l = {})
{
    cuts.push_back(bytes.size());
    reader r{l};
    std::string out;
    std::size_t start = 0;
    for (const auto cut : cuts) {
        for (;;) {
            // A copy at a new address each time, so that ASan finds stale views.
            const std::string here{bytes.substr(start, cut - start)};
            const auto p = r.read(here);
            if (p == progress::broken) return out + "broken: " + r.problem();
            if (p == progress::incomplete) break;
            out += describe(r.root(here)) + "\n";
            start += r.consumed();
            r.next();
        }
    }
    return start == bytes.size() ? out : out + "incomplete";
}

std::string read_all(std::string_view bytes) { return read_all(bytes, {}); }

struct example {
    std::string bytes;
    std::string means;
};

const std::vector<example>& corpus()
{
    static const std::vector<example> all{
        {"+OK\r\n", "simple(OK)\n"},
        {"+\r\n", "simple()\n"},
        {"-ERR no such key\r\n", "error(ERR no such key)\n"},
        {":0\r\n:-17\r\n:+5\r\n:9223372036854775807\r\n",
         "integer(0)\ninteger(-17)\ninteger(+5)\ninteger(9223372036854775807)\n"},
        {"$5\r\nhe\r\no\r\n", "bulk(he\r\no)\n"},
        {"$0\r\n\r\n", "bulk()\n"},
        {"$-1\r\n*-1\r\n_\r\n", "null\nnull\nnull\n"},
        {"#t\r\n#f\r\n", "boolean(t)\nboolean(f)\n"},
        {",3.25\r\n,inf\r\n,-inf\r\n,nan\r\n,1e-7\r\n",
         "number(3.25)\nnumber(inf)\nnumber(-inf)\nnumber(nan)\nnumber(1e-7)\n"},
        {"(3492890328409238509324850943850943825024385\r\n(-1\r\n",
         "big(3492890328409238509324850943850943825024385)\nbig(-1)\n"},
        {"!22\r\nSYNTAX invalid\r\nsyntax\r\n", "error(SYNTAX invalid\r\nsyntax)\n"},
        {"=15\r\ntxt:Some string\r\n", "verbatim(Some string)\n"},
        {"*0\r\n~0\r\n%0\r\n", "array[]\nset[]\nmap[]\n"},
        {"*3\r\n:1\r\n$1\r\na\r\n*2\r\n_\r\n#t\r\n+next\r\n",
         "array[integer(1) bulk(a) array[null boolean(t)]]\nsimple(next)\n"},
        {"*2\r\n*0\r\n*1\r\n*0\r\n+next\r\n", "array[array[] array[array[]]]\nsimple(next)\n"},
        {"%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n:2\r\n", "map[simple(a) integer(1) simple(b) array[integer(2)]]\n"},
        {"~2\r\n+a\r\n+b\r\n", "set[simple(a) simple(b)]\n"},
        {">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n+OK\r\n", "push[bulk(invalidate) array[bulk(k)]]\nsimple(OK)\n"},
        {"|1\r\n+ttl\r\n:3600\r\n*2\r\n:1\r\n|1\r\n+x\r\n*1\r\n:0\r\n:2\r\n", "array[integer(1) integer(2)]\n"},
        {"|0\r\n:7\r\n", "integer(7)\n"},
        {"$?\r\n;4\r\nHell\r\n;5\r\no wor\r\n;0\r\n", "bulk(Hello wor)\n"},
        {"*2\r\n$?\r\n;1\r\na\r\n;0\r\n$?\r\n;0\r\n", "array[bulk(a) bulk()]\n"},
        {"*?\r\n:1\r\n*?\r\n.\r\n.\r\n%?\r\n+a\r\n:1\r\n.\r\n~?\r\n.\r\n",
         "array[integer(1) array[]]\nmap[simple(a) integer(1)]\nset[]\n"},
        {"*1\r\n-ERR inside\r\n", "array[error(ERR inside)]\n"},
        {"*2\r\n$28\r\n*1\r\n$7\r\nFLUSHALL\r\n+OK\r\n-ER\r\n\r\n$1\r\nx\r\n",
         "array[bulk(*1\r\n$7\r\nFLUSHALL\r\n+OK\r\n-ER\r\n) bulk(x)]\n"},
    };
    return all;
}

TEST(resp_reader, reads_every_kind)
{
    for (const auto& e : corpus()) EXPECT_EQ(read_all(e.bytes), e.means) << e.bytes;
}

TEST(resp_reader, a_cut_at_any_byte_or_pair_of_bytes_changes_nothing)
{
    for (const auto& e : corpus()) {
        for (std::size_t a = 0; a <= e.bytes.size(); ++a) {
            for (std::size_t b = a; b <= e.bytes.size(); ++b) {
                ASSERT_EQ(read_all(e.bytes, {a, b}), e.means) << "cut at " << a << " and " << b << " of " << e.bytes;
            }
        }
    }
}

TEST(resp_reader, byte_for_byte_is_the_same)
{
    for (const auto& e : corpus()) {
        std::vector<std::size_t> cuts(e.bytes.size());
        for (std::size_t i = 0; i < cuts.size(); ++i) cuts[i] = i;
        EXPECT_EQ(read_all(e.bytes, cuts), e.means);
    }
}

TEST(resp_reader, rejects_bytes_that_are_not_resp)
{
    const std::vector<std::pair<std::string, std::string>> bad{
        {"\r\n", "empty line"},
        {"hello\r\n", "unknown type"},
        {"+a\rb\r\n", "CR without LF"},
        {"+a\nb\r\n", "LF in a line"},
        {"-a\nb\r\n", "LF in a line"},
        {":\r\n", "not an integer"},
        {":1x\r\n", "not an integer"},
        {":9223372036854775808\r\n", "not an integer"},
        {":+-1\r\n", "not an integer"},
        {",\r\n", "not a double"},
        {",1.5x\r\n", "not a double"},
        {"(12a\r\n", "not a big number"},
        {"(\r\n", "not a big number"},
        {"#x\r\n", "not a boolean"},
        {"_x\r\n", "not a null"},
        {"$x\r\n", "not a length"},
        {"$-2\r\n", "not a length"},
        {"$+1\r\n", "not a length"},
        {"$ 1\r\n", "not a length"},
        {"$\r\n", "not a length"},
        {"*-2\r\n", "not a length"},
        {"%-1\r\n", "not a length"},
        {"$1\r\nab\r\n", "unterminated"},
        {"$1\r\na\rb", "unterminated"},
        {"=3\r\ntxt\r\n", "format"},
        {"=5\r\ntxt;a\r\n", "format"},
        {">0\r\n", "empty push"},
        {"*1\r\n>1\r\n+a\r\n", "push within"},
        {"$?\r\n+a\r\n", "unterminated"},
        {";4\r\n", "unknown type"},
        {".\r\n", "unexpected end"},
        {"*1\r\n.\r\n", "unexpected end"},
        {"*?\r\n.x\r\n", "unexpected"},
        {"%?\r\n+a\r\n.\r\n", "key without value"},
        {"*?\r\n|0\r\n.\r\n", "unexpected end"},
    };
    for (const auto& [bytes, why] : bad) {
        for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
            EXPECT_THAT(read_all(bytes, {cut}), HasSubstr(why)) << bytes;
        }
    }
}

// hiredis CVE-2021-32765 and CVE-2020-7105: memory was allocated for an announced length before its bytes had arrived.
TEST(resp_reader, T17_absurd_lengths_and_depths_are_refused_before_allocation)
{
    for (const char* length : {"2147483648", "4294967295", "4294967296", "9223372036854775807", "18446744073709551615",
                               "18446744073709551616", "99999999999999999999999999"}) {
        for (const char* type : {"$", "*", "%", "~", ">", "|", "!", "="}) {
            EXPECT_THAT(read_all(type + std::string{length} + "\r\n"), HasSubstr("broken")) << type << length;
        }
        EXPECT_THAT(read_all("$?\r\n;" + std::string{length} + "\r\n"), HasSubstr("broken"));
    }
    std::string deep;
    for (int i = 0; i < 10'000; ++i) deep += "*1\r\n";
    EXPECT_THAT(read_all(deep), HasSubstr("nested too deep"));
    EXPECT_THAT(read_all(std::string(70'000, ':')), HasSubstr("line too long"));
    EXPECT_THAT(read_all(std::string(16'777'217, '+')), HasSubstr("line too long"));
    EXPECT_EQ(read_all(std::string(16'777'216, '-')), "incomplete");
    // Within the limits, an announced length allocates nothing; the reader only waits for the bytes.
    EXPECT_EQ(read_all("*16000001\r\n"), "broken: too many elements");
    EXPECT_EQ(read_all("*15000000\r\n$500000000\r\n"), "incomplete");
}

TEST(resp_reader, the_limits_can_be_set)
{
    limits small;
    small.depth = 2;
    small.text = 4;
    small.elements = 5;
    small.reply = 30;
    EXPECT_EQ(read_all("*1\r\n*1\r\n:1\r\n", {}, small), "array[array[integer(1)]]\n");
    EXPECT_THAT(read_all("*1\r\n*1\r\n*1\r\n", {}, small), HasSubstr("nested too deep"));
    EXPECT_THAT(read_all("$5\r\n", {}, small), HasSubstr("text too long"));
    EXPECT_THAT(read_all("$?\r\n;3\r\nabc\r\n;2\r\nde\r\n", {}, small), HasSubstr("text too long"));
    EXPECT_THAT(read_all("*6\r\n", {}, small), HasSubstr("too many elements"));
    EXPECT_THAT(read_all("*?\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n", {}, small), HasSubstr("too many elements"));
    EXPECT_THAT(read_all("|1\r\n+a\r\n+b\r\n|1\r\n+a\r\n+b\r\n|1\r\n+a\r\n+b\r\n|1\r\n", {}, small),
                HasSubstr("reply too long"));
}

TEST(resp_value, numbers_are_read_from_all_types_that_contain_them)
{
    const auto first = [](std::string_view bytes, auto what) {
        reader r;
        EXPECT_EQ(r.read(bytes), progress::complete);
        return what(r.root(bytes));
    };
    const auto integer = [](const value& v) { return v.integer(); };
    const auto number = [](const value& v) { return v.number(); };
    EXPECT_EQ(first(":-3\r\n", integer), -3);
    EXPECT_EQ(first("$2\r\n42\r\n", integer), 42);
    EXPECT_EQ(first("$2\r\n4x\r\n", integer), std::nullopt);
    EXPECT_EQ(first("_\r\n", integer), std::nullopt);
    EXPECT_EQ(first("*1\r\n:1\r\n", integer), std::nullopt);
    EXPECT_EQ(first(",2.5\r\n", number), 2.5);
    EXPECT_EQ(first("$3\r\n2.5\r\n", number), 2.5);
    EXPECT_EQ(first(":2\r\n", number), 2.0);
    EXPECT_EQ(first("+x\r\n", number), std::nullopt);
}

TEST(resp_value, children_are_found_past_nested_ones)
{
    const std::string bytes = "*3\r\n*2\r\n:1\r\n:2\r\n%1\r\n+k\r\n*1\r\n:3\r\n+last\r\n";
    reader r;
    ASSERT_EQ(r.read(bytes), progress::complete);
    const auto root = r.root(bytes);
    EXPECT_EQ(root.size(), 3U);
    EXPECT_EQ(root.child(1).size(), 2U);
    EXPECT_EQ(root.child(2).text(), "last");
    EXPECT_EQ(std::distance(root.begin(), root.end()), 3);
}

// predis CVE-2026-84372: user data that looks like protocol.
TEST(resp_writer, T18_arguments_with_whole_commands_inside_stay_arguments)
{
    const std::vector<std::string_view> arguments{"SET", "k\r\n*1\r\n$8\r\nFLUSHALL\r\n", std::string_view{"\0\r\n", 3},
                                                  ""};
    std::string out;
    append_command(out, arguments);
    EXPECT_EQ(out,
              std::string("*4\r\n$3\r\nSET\r\n$21\r\nk\r\n*1\r\n$8\r\nFLUSHALL\r\n\r\n$3\r\n\0\r\n\r\n$0\r\n\r\n", 56));
    EXPECT_EQ(read_all(out),
              "array[bulk(SET) bulk(k\r\n*1\r\n$8\r\nFLUSHALL\r\n) bulk(" + std::string("\0\r\n", 3) + ") bulk()]\n");
}

TEST(resp_writer, a_value_that_is_written_is_read_as_the_same)
{
    for (const auto& [bytes, expected] : corpus()) {
        std::string again;
        reader r;
        for (std::string_view rest{bytes}; !rest.empty(); r.next()) {
            ASSERT_EQ(r.read(rest), progress::complete);
            append_value(again, r.root(rest));
            rest.remove_prefix(r.consumed());
        }
        // A verbatim string is written as a bulk string.
        auto plain = expected;
        for (auto at = plain.find("verbatim("); at != std::string::npos; at = plain.find("verbatim("))
            plain.replace(at, 8, "bulk");
        EXPECT_EQ(read_all(again), plain);
    }
}

}  // namespace
}  // namespace larder::resp
