// SPDX-License-Identifier: MIT
// Pages as stored answers: what members see in slots, in identity and in gzip, ETags, the redirect to the page's own
// path, the encoding in Redis; which forms and arrivals are accepted; and that the log hides the tokens of emails.
#include <gmock/gmock.h>
#include <zlib.h>

#include <agora/http/access_log.hpp>
#include <agora/http/admission.hpp>
#include <agora/http/encoder.hpp>
#include <agora/http/extract.hpp>
#include <agora/http/page_codec.hpp>
#include <agora/http/stored_response.hpp>
#include <larder/codec.hpp>
#include <random>

namespace agora::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view html_type = "text/html; charset=utf-8";

std::string inflated(std::string_view in)
{
    z_stream z{};
    inflateInit2(&z, 15 + 16);
    std::string out(4 << 20, '\0');
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    z.avail_in = static_cast<uInt>(in.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(inflate(&z, Z_FINISH), Z_STREAM_END) << "also checks the CRC and the length";
    EXPECT_EQ(z.avail_in, 0U);
    out.resize(z.total_out);
    inflateEnd(&z);
    return out;
}

/// Shows in each slot the number of the member and of the subject.
class test_view final : public view {
 public:
    std::string_view content_type() const noexcept override { return html_type; }
    std::string_view problem_type() const noexcept override { return html_type; }
    shown show_problem(const problem_details& p) const override { return {std::string{p.code}}; }
    bool is_for_browsers() const noexcept override { return true; }
    void fill(std::string& out, const page_slot& s, const request& r) const override
    {
        out = "[" + std::to_string(r.caller.user_id) + ":" + std::to_string(s.subject) + "]";
    }
    std::optional<response> ask_to_sign_in(const request& r) const override
    {
        return response{401, html_type, "sign in, then: " + std::string{r.body}};
    }
    std::optional<response> arrive(const request&) const override { return response{200, html_type, "reload"}; }
};
const test_view as_page;

struct sent_page {
    std::string head;
    std::string body;
    std::string field(std::string_view name) const
    {
        const auto at = head.find("\r\n" + std::string{name} + ": ");
        if (at == std::string::npos) return {};
        const auto start = at + name.size() + 4;
        return head.substr(start, head.find("\r\n", start) - start);
    }
};

response page_of(std::string body, std::vector<page_slot> slots, std::string canonical = {})
{
    response p{200, html_type, std::move(body)};
    p.cacheable = true;
    p.page = std::make_shared<page_parts>(page_parts{std::move(slots), std::move(canonical)});
    return p;
}

sent_page get(const stored_response& page, std::int64_t member, std::initializer_list<header_field> fields = {},
              std::string_view target = "/p", verb method = verb::get)
{
    request r;
    r.set_target(target);
    r.method = method;
    r.request_id = "id1";
    r.caller.user_id = member;
    r.shown_by = &as_page;
    for (const auto& f : fields) r.add_header(f.name, f.value);
    response answer;
    answer.status = 200;
    answer.stored = &page;
    sent_page s;
    const auto e = encode(s.head, r, answer, {});
    s.body = e.body;
    return s;
}

stored_page stored(response answer) { return stored_page{answer}; }

TEST(page, a_guest_gets_the_bytes_as_they_are_and_a_member_gets_the_slots_filled)
{
    const auto p = stored(page_of("<p>Sign in</p><p>text</p>", {{0, 7, 0, 3, 7}, {0, 8, 0, 21, 0}}));
    EXPECT_EQ(get(p, 0).body, "<p>Sign in</p><p>text</p>");
    EXPECT_EQ(get(p, 5).body, "<p>[5:7]</p><p>text[5:8]</p>");
    EXPECT_EQ(get(p, 0).field("Cache-Control"), "public, max-age=0, must-revalidate");
    EXPECT_EQ(get(p, 5).field("Cache-Control"), "private, no-cache");
    EXPECT_EQ(get(p, 5).field("Content-Length"), "28");
    EXPECT_THAT(get(p, 5).field("Vary"), HasSubstr("Cookie"));
    EXPECT_EQ(get(p, 5, {}, "/p", verb::head).body, "");
}

TEST(page, tags_of_guests_and_members_never_match)
{
    const auto p = stored(page_of("<p>Sign in</p>", {{0, 7, 0, 3, 7}}));
    const auto guest = get(p, 0).field("ETag");
    const auto ann = get(p, 5).field("ETag");
    const auto ben = get(p, 6).field("ETag");
    EXPECT_NE(guest, ann);
    EXPECT_NE(ann, ben);
    EXPECT_TRUE(get(p, 5, {{"If-None-Match", guest}}).head.starts_with("HTTP/1.1 200"));
    EXPECT_TRUE(get(p, 0, {{"If-None-Match", ann}}).head.starts_with("HTTP/1.1 200"));
    const auto same = get(p, 5, {{"If-None-Match", ann}});
    EXPECT_TRUE(same.head.starts_with("HTTP/1.1 304"));
    EXPECT_EQ(same.body, "");
}

TEST(page, a_member_s_gzip_is_put_together_from_segments)
{
    std::string body = "<p>";
    std::vector<page_slot> slots;
    std::mt19937 random{1};
    for (int i = 0; i < 40; ++i) {
        for (int c = 0; c < 500; ++c) body += static_cast<char>('a' + random() % 7);
        slots.push_back({0, i, 0, body.size(), random() % 3});
        body += "xyz";
    }
    const auto p = stored(page_of(body, slots));
    for (const std::int64_t member : {1, 123456789}) {
        const auto packed = get(p, member, {{"Accept-Encoding", "gzip, br"}});
        EXPECT_EQ(packed.field("Content-Encoding"), "gzip");
        EXPECT_EQ(packed.field("Content-Length"), std::to_string(packed.body.size()));
        EXPECT_EQ(inflated(packed.body), get(p, member).body);
        EXPECT_NE(packed.field("ETag"), get(p, member).field("ETag")) << "a tag for each coding";
    }
}

TEST(page, long_contents_take_several_stored_blocks_and_slots_may_touch)
{
    const std::string text = "head tail";
    const std::vector<page_slot> slots{{0, 1, 0, 0, 0}, {0, 2, 0, 0, 4}, {0, 3, 0, 4, 0}, {0, 4, 0, 9, 0}};
    const std::vector<std::string> contents{"", std::string(200'000, 'l'), "m", std::string(65'535, 'n')};
    const segmented_page p{text, slots};
    EXPECT_EQ(inflated(p.gzip(contents)), with_slots(text, slots, contents));
    EXPECT_EQ(inflated(segmented_page{"", {}}.gzip({})), "");
}

TEST(page, another_path_is_redirected_to_the_page_s_own)
{
    const auto p = stored(page_of("<p>text</p>", {}, "/posts/7/title"));
    EXPECT_EQ(get(p, 0, {}, "/posts/7/title").body, "<p>text</p>");
    for (const std::int64_t member : {0, 5}) {
        const auto moved = get(p, member, {}, "/posts/7/other?page=2");
        EXPECT_TRUE(moved.head.starts_with("HTTP/1.1 301 Moved Permanently")) << moved.head;
        EXPECT_EQ(moved.field("Location"), "/posts/7/title?page=2");
        EXPECT_EQ(moved.body, "");
    }
}

TEST(page, its_security_fields_belong_to_html_only)
{
    const auto p = stored(page_of("<p>text</p>", {}));
    EXPECT_THAT(get(p, 0).field("Content-Security-Policy"), HasSubstr("default-src 'none'"));
    EXPECT_THAT(get(p, 0).field("Content-Security-Policy"), Not(HasSubstr("unsafe")));
    EXPECT_EQ(get(p, 5).field("Content-Security-Policy"), get(p, 0).field("Content-Security-Policy"));
    response json{200, json_type, "{}"};
    const stored_response plain{json};
    EXPECT_EQ(get(plain, 0).field("Content-Security-Policy"), "");
}

TEST(page, it_is_the_same_after_redis_and_wrong_offsets_are_a_miss)
{
    const auto p = stored(page_of("<p>Sign in</p>", {{3, 7, 9, 3, 7}}, "/p"));
    std::string bytes;
    larder::codec<stored_page>::encode(p, bytes);
    stored_page again;
    ASSERT_TRUE(larder::codec<stored_page>::decode(bytes, again));
    EXPECT_EQ(get(again, 5).body, get(p, 5).body);
    EXPECT_EQ(get(again, 5).field("ETag"), get(p, 5).field("ETag"));
    EXPECT_NE(larder::codec<stored_page>::schema, larder::codec<stored_response>::schema);
    for (const auto& wrong : {page_slot{0, 0, 0, 15, 0}, page_slot{0, 0, 0, 3, 12}, page_slot{0, 0, 0, 3, ~0UL}}) {
        std::string corrupt;
        larder::codec<stored_page>::encode(stored(page_of("<p>Sign in</p>", {wrong})), corrupt);
        stored_page none;
        EXPECT_FALSE(larder::codec<stored_page>::decode(corrupt, none));
    }
}

class site_routes {
 public:
    response show(anyone) { return {200, html_type, "page"}; }
    response change(member who) { return {200, html_type, "changed by " + std::to_string(who.id)}; }
};

struct origin_row {
    const char* site;    ///< Sec-Fetch-Site
    const char* origin;  ///< Origin
    bool in_production;
    bool elsewhere;
};

TEST(form, the_page_that_sent_it_decides)
{
    const origin_row table[] = {
        {"same-origin", "", true, true},
        {"none", "", true, true},
        {"same-origin", "https://evil.example", true, true},  // Sec-Fetch-Site alone decides
        {"same-site", "https://agora.example", false, false},
        {"cross-site", "https://agora.example", false, false},
        {"nonsense", "https://agora.example", false, false},
        {"", "https://agora.example", true, true},
        {"", "https://agora.example.evil", false, false},
        {"", "null", false, false},
        {"", "", false, false},
        {"", "http://127.0.0.1:8080", false, true},  // the Host of the request
        {"", "http://127.0.0.1:9090", false, false},
    };
    for (const auto& t : table) {
        for (const bool production : {true, false}) {
            admission_rules rules;
            rules.origin = "https://agora.example";
            rules.own_host_is_trusted = !production;
            request r;
            r.method = verb::post;
            r.add_header("Host", "127.0.0.1:8080");
            if (*t.site != 0) r.add_header("Sec-Fetch-Site", t.site);
            if (*t.origin != 0) r.add_header("Origin", t.origin);
            EXPECT_EQ(is_from_own_page(rules, r), production ? t.in_production : t.elsewhere)
                << t.site << " " << t.origin << (production ? " production" : "");
        }
    }
}

TEST(form, a_guest_s_is_answered_with_what_was_typed_and_a_foreign_one_is_refused)
{
    router routes;
    site_routes site;
    routes.form("/change", &site_routes::change, site, test_view{});
    request r;
    r.set_target("/change");
    r.method = verb::post;
    r.body = "text=typed";
    const auto* to = routes.match(r).found;
    ASSERT_NE(to, nullptr);
    EXPECT_EQ(try_admit({}, *to, r).value().value().status, 403U);
    request own;
    own.set_target("/change");
    own.method = verb::post;
    own.body = "text=typed";
    own.add_header("Sec-Fetch-Site", "same-origin");
    routes.match(own);
    EXPECT_FALSE(try_admit({}, *to, own).value().has_value()) << "the body has not arrived yet";
    const auto asked = refuse_form_of_guest(*to, own);
    ASSERT_TRUE(asked.has_value());
    EXPECT_EQ(asked->status, 401U);
    EXPECT_THAT(asked->body, HasSubstr("text=typed"));
    own.caller.user_id = 5;
    own.caller.role = role::user;
    EXPECT_FALSE(refuse_form_of_guest(*to, own).has_value());
}

TEST(arrival, a_signed_in_browser_from_another_site_loads_the_page_again)
{
    router routes;
    site_routes site;
    routes.page("/p", &site_routes::show, site, test_view{});
    const auto arrive = [&](std::initializer_list<header_field> fields) {
        request r;
        r.set_target("/p");
        for (const auto& f : fields) r.add_header(f.name, f.value);
        const auto* to = routes.match(r).found;
        return try_admit({}, *to, r).value().has_value();
    };
    EXPECT_TRUE(arrive({{"Sec-Fetch-Site", "cross-site"}, {"Cookie", "a=b; agora.in=1"}}));
    EXPECT_FALSE(arrive({{"Sec-Fetch-Site", "cross-site"}})) << "nobody has signed in";
    EXPECT_FALSE(arrive({{"Sec-Fetch-Site", "same-origin"}, {"Cookie", "agora.in=1"}})) << "only once";
    EXPECT_FALSE(arrive({{"Cookie", "agora.in=1"}}));
}

struct typed {
    std::string text;
    std::optional<std::string> more;
    std::int64_t number = 3;
    bool box = false;
};
BOOST_DESCRIBE_STRUCT(typed, (), (text, more, number, box))

std::optional<detail::argument<form<typed>>::stored> read_form(
    std::string_view body, unsigned& status, std::string_view type = "application/x-www-form-urlencoded")
{
    request r;
    r.method = verb::post;
    r.body = body;
    r.add_header("Content-Type", type);
    detail::read_position at;
    std::optional<form<typed>> out;
    const auto why = detail::argument<form<typed>>::read(r, at, out);
    status = why ? why->status : 200;
    return out;
}

TEST(form, fields_are_decoded_and_missing_ones_keep_their_defaults)
{
    unsigned status = 0;
    const auto f = read_form("text=a+b%0D%0Ac%0Dd%26&more=&box=on&unknown=1", status);
    ASSERT_TRUE(f.has_value());
    EXPECT_EQ((*f)->text, "a b\nc\nd&");
    EXPECT_EQ((*f)->more, "");
    EXPECT_EQ((*f)->number, 3);
    EXPECT_TRUE((*f)->box);
    EXPECT_EQ((*read_form("number=12", status))->number, 12);
    EXPECT_EQ((*read_form("number=", status))->number, 3);
    EXPECT_FALSE((*read_form("", status))->more.has_value());
}

TEST(form, malformed_ones_are_refused)
{
    unsigned status = 0;
    read_form("text=%zz", status);
    EXPECT_EQ(status, 400U);
    read_form("text=%00", status);
    EXPECT_EQ(status, 400U) << "NUL";
    read_form("text=%ff", status);
    EXPECT_EQ(status, 400U) << "not UTF-8";
    read_form("number=x", status);
    EXPECT_EQ(status, 422U);
    read_form("{}", status, "application/json");
    EXPECT_EQ(status, 415U);
    read_form("--b", status, "multipart/form-data; boundary=b");
    EXPECT_EQ(status, 415U);
}

TEST(access_log, hides_the_tokens_of_emails)
{
    std::string lines;
    access_sink sink;
    sink.write = [&](std::string_view l) { lines += l; };
    sink.format = [](std::string& to, const access_record& r) { to += r.target; };
    access_log log{sink};
    const auto logged = [&](std::string_view target) {
        lines.clear();
        request r;
        r.target = target;
        log.add(r, 200, 0, std::chrono::nanoseconds{1});
        log.flush();
        return lines;
    };
    EXPECT_EQ(logged("/reset?token=secret"), "/reset?token=-\n");
    EXPECT_EQ(logged("/reset?a=b&token=secret&c=d"), "/reset?a=b&token=-&c=d\n");
    EXPECT_EQ(logged("/reset?token=one&token=two"), "/reset?token=-&token=-\n");
    EXPECT_EQ(logged("/reset?token="), "/reset?token=-\n");
    EXPECT_EQ(logged("/t/token=5?mytoken=6"), "/t/token=5?mytoken=6\n");
}

}  // namespace
}  // namespace agora::http
