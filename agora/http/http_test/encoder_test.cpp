// SPDX-License-Identifier: MIT
// The encoder: header fields, compression, ETag and 304, HEAD, prepared and stored responses, cookies and CORS.
#include <brotli/decode.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <agora/http/compression.hpp>
#include <agora/http/encoder.hpp>
#include <agora/http/entity_tag.hpp>
#include <agora/http/stored_response.hpp>

namespace agora::http {
namespace {

using namespace std::chrono_literals;

std::string gunzip(std::string_view in)
{
    z_stream z{};
    inflateInit2(&z, 15 + 16);
    std::string out(1 << 20, '\0');
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    z.avail_in = static_cast<uInt>(in.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(inflate(&z, Z_FINISH), Z_STREAM_END);
    out.resize(z.total_out);
    inflateEnd(&z);
    return out;
}

std::string unbrotli(std::string_view in)
{
    std::string out(1 << 20, '\0');
    std::size_t size = out.size();
    EXPECT_EQ(BrotliDecoderDecompress(in.size(), reinterpret_cast<const std::uint8_t*>(in.data()), &size,
                                      reinterpret_cast<std::uint8_t*>(out.data())),
              BROTLI_DECODER_RESULT_SUCCESS);
    out.resize(size);
    return out;
}

struct sent {
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

sent encode_for(std::initializer_list<header_field> fields, response answer, verb method = verb::get,
                bool close = false, const std::string& allowed = "https://a.example")
{
    request r;
    r.method = method;
    r.request_id = "id1";
    for (const auto& f : fields) r.add_header(f.name, f.value);
    exchange x;
    x.date_line = "Date: now\r\n";
    x.elapsed = 1'234'567ns;
    x.close = close;
    const std::vector<std::string> origins{allowed};
    x.cors_origins = &origins;
    std::string out;
    out.append(encode(out, r, answer, x).body);
    const auto end = out.find("\r\n\r\n");
    return {out.substr(0, end + 2), out.substr(end + 4)};
}

response page()
{
    response a{200, json_type, std::string(5000, 'x')};
    a.cacheable = true;
    a.cache_control = "public, max-age=0";
    return a;
}

TEST(encoder, every_response_has_its_request_id_and_time)
{
    const auto s = encode_for({}, response{200, "text/plain", "hello"});
    EXPECT_TRUE(s.head.starts_with("HTTP/1.1 200 OK\r\n"));
    EXPECT_EQ(s.field("X-Request-Id"), "id1");
    EXPECT_EQ(s.field("X-Response-Time"), "1.234ms");
    EXPECT_EQ(s.field("Date"), "now");
    EXPECT_EQ(s.field("Content-Length"), "5");
    EXPECT_EQ(s.field("ETag"), "") << "not cacheable";
    EXPECT_EQ(s.field("Cache-Control"), "no-store");
    EXPECT_EQ(s.body, "hello");
    EXPECT_EQ(encode_for({}, response{200, "text/plain", "x"}, verb::get, true).field("Connection"), "close");
}

TEST(encoder, the_clients_preferred_coding_is_used_and_decodes)
{
    const auto br = encode_for({{"Accept-Encoding", "gzip, deflate, br"}}, page());
    EXPECT_EQ(br.field("Content-Encoding"), "br");
    EXPECT_EQ(unbrotli(br.body), page().body);
    EXPECT_EQ(br.field("Content-Length"), std::to_string(br.body.size()));
    const auto gz = encode_for({{"Accept-Encoding", "br;q=0.5, gzip;q=0.9"}}, page());
    EXPECT_EQ(gz.field("Content-Encoding"), "gzip");
    EXPECT_EQ(gunzip(gz.body), page().body);
    const auto plain = encode_for({{"Accept-Encoding", "br;q=0, identity"}}, page());
    EXPECT_EQ(plain.field("Content-Encoding"), "");
    EXPECT_EQ(plain.field("Vary"), "Accept-Encoding");
    EXPECT_EQ(encode_for({{"Accept-Encoding", "br"}}, response{200, "text/plain", "tiny"}).field("Content-Encoding"),
              "");
}

coding choose_coding(std::string_view line)
{
    coding_choice choice;
    choice.add(line);
    return choice.best();
}

TEST(compression, weights_and_wildcards_are_read)
{
    EXPECT_EQ(choose_coding(""), coding::identity);
    EXPECT_EQ(choose_coding("*"), coding::br);
    EXPECT_EQ(choose_coding("*;q=0"), coding::identity);
    EXPECT_EQ(choose_coding("gzip, *;q=0"), coding::gzip);
    EXPECT_EQ(choose_coding("GZIP ; q=1.000"), coding::gzip);
    EXPECT_EQ(choose_coding("gzip;q= 1"), coding::identity) << "a weight with a space inside is not a weight";
    EXPECT_EQ(choose_coding("GZIP;q=1.000 , br;q=0.999"), coding::gzip);
    EXPECT_EQ(choose_coding("br;q=x"), coding::identity);
    EXPECT_EQ(choose_coding("sdch, compress"), coding::identity);
}

TEST(encoder, a_valid_copy_gets_304_without_a_body)
{
    const auto first = encode_for({{"Accept-Encoding", "gzip"}}, page());
    const auto tag = first.field("ETag");
    ASSERT_FALSE(tag.empty());
    const auto again = encode_for({{"Accept-Encoding", "gzip"}, {"If-None-Match", "\"other\", W/" + tag}}, page());
    EXPECT_TRUE(again.head.starts_with("HTTP/1.1 304 Not Modified\r\n"));
    EXPECT_EQ(again.body, "");
    EXPECT_EQ(again.field("ETag"), tag);
    EXPECT_EQ(again.field("Content-Length"), "");
    EXPECT_EQ(again.field("Cache-Control"), "public, max-age=0");
    EXPECT_EQ(again.field("Vary"), "Accept-Encoding");
    const auto other_coding = encode_for({{"If-None-Match", tag}}, page());
    EXPECT_TRUE(other_coding.head.starts_with("HTTP/1.1 200")) << "each coding has its own tag";
    auto changed = page();
    changed.body += "y";
    EXPECT_TRUE(
        encode_for({{"Accept-Encoding", "gzip"}, {"If-None-Match", tag}}, changed).head.starts_with("HTTP/1.1 200"));
}

TEST(encoder, the_tag_begins_with_the_version)
{
    auto a = page();
    a.version = 12;
    EXPECT_TRUE(encode_for({}, a).field("ETag").starts_with("\"12-"));
}

TEST(if_match, versions_are_compared_and_hashes_are_not)
{
    EXPECT_TRUE(if_match::parse("\"12-abc\"").allows(12));
    EXPECT_FALSE(if_match::parse("\"12-abc\"").allows(1));
    EXPECT_TRUE(if_match::parse("\"1-a\" , W/\"12-b\"").allows(12));
    EXPECT_TRUE(if_match::parse("*").allows(5));
    EXPECT_FALSE(if_match::parse("\"a,\"12-b\"").allows(12)) << "a comma inside a tag does not end it";
    for (const auto* nothing : {"", "12", "\"12\"", "\"-12\"", "\"x-12\"", "12-abc"})
        EXPECT_FALSE(if_match::parse(nothing).allows(12)) << nothing;
    EXPECT_FALSE(if_match::parse("").given());
}

TEST(encoder, head_has_the_fields_of_get_and_no_body)
{
    const auto get = encode_for({}, page());
    const auto head = encode_for({}, page(), verb::head);
    EXPECT_EQ(head.head, get.head);
    EXPECT_EQ(head.body, "");
}

TEST(encoder, prepared_responses_have_the_same_fields_as_others)
{
    const auto p = prepare(200, json_type, "{}", "no-store");
    const auto s = encode_for({}, response{p});
    const auto plain = encode_for({}, response{200, json_type, "{}"});
    EXPECT_EQ(s.body, "{}");
    for (const auto* name :
         {"Content-Type", "Content-Length", "Cache-Control", "X-Content-Type-Options", "X-Request-Id", "Date"})
        EXPECT_EQ(s.field(name), plain.field(name)) << name;
    EXPECT_EQ(encode_for({}, response{p}, verb::head).body, "");
}

TEST(encoder, a_response_that_sets_a_cookie_is_private)
{
    const auto prepared = prepare(200, json_type, "{}", "public, max-age=60");
    auto page_for_storing = page();
    const auto stored = std::make_shared<const stored_response>(page_for_storing);
    response uncached{200, json_type, "{}"};
    uncached.cache_control = "public, max-age=300";
    response unusual = uncached;
    unusual.cache_control = "max-age=300";
    response own = uncached;
    own.cache_control = "private, max-age=300";
    const struct {
        const char* what;
        response answer;
        std::string_view without;
        std::string_view with;
    } table[] = {
        {"prepared", response{prepared}, "public, max-age=60", "no-store"},
        {"stored", response{stored}, "public, max-age=0, must-revalidate", "private, no-cache"},
        {"public", uncached, "public, max-age=300", "private, no-cache"},
        {"cacheable, but without the word public", unusual, "max-age=300", "private, no-cache"},
        {"private", own, "private, max-age=300", "private, max-age=300"},
        {"not storable by any cache", response{404, json_type, "{}"}, "no-store", "no-store"},
    };
    for (const auto& t : table) {
        for (const auto method : {verb::get, verb::head}) {
            EXPECT_EQ(encode_for({}, t.answer, method).field("Cache-Control"), t.without) << t.what;
            auto setting = t.answer;
            setting.headers.emplace_back("Set-Cookie", "a=b");
            const auto sent = encode_for({}, setting, method);
            EXPECT_EQ(sent.field("Cache-Control"), t.with) << t.what;
            EXPECT_EQ(sent.field("Set-Cookie"), "a=b") << t.what;
            EXPECT_EQ(sent.head.find("Cache-Control"), sent.head.rfind("Cache-Control")) << t.what;
        }
    }
    response again{stored};
    again.headers.emplace_back("Set-Cookie", "a=b");
    const auto same = encode_for({{"If-None-Match", stored->in(coding::identity).etag}}, again);
    EXPECT_TRUE(same.head.starts_with("HTTP/1.1 304")) << same.head;
    EXPECT_EQ(same.field("Set-Cookie"), "a=b");
    EXPECT_EQ(same.field("Cache-Control"), "private, no-cache");
}

TEST(encoder, a_wildcard_origin_allows_reading_without_cookies)
{
    const auto a = encode_for({{"Origin", "https://b.example"}}, page(), verb::get, false, "*");
    EXPECT_EQ(a.field("Access-Control-Allow-Origin"), "*");
    EXPECT_EQ(a.field("Access-Control-Allow-Credentials"), "");
    EXPECT_EQ(encode_for({{"Origin", "https://a.example"}}, page()).field("Access-Control-Allow-Credentials"), "true");
}

TEST(encoder, only_listed_origins_are_allowed)
{
    EXPECT_EQ(encode_for({{"Origin", "https://a.example"}}, page()).field("Access-Control-Allow-Origin"),
              "https://a.example");
    EXPECT_EQ(encode_for({{"Origin", "https://a.example.evil"}}, page()).field("Access-Control-Allow-Origin"), "");
}

}  // namespace
}  // namespace agora::http
