// SPDX-License-Identifier: MIT
// Fuzzes the parsing of HTTP requests: the header check and the parser, then the chunked decoder over the rest of the
// input. Besides memory safety it checks these properties: no prefix of an accepted header is refused; Beast parses the
// same request as the strict check; a path or query that is accepted as text decodes to UTF-8 also in its parts; the
// client's address behind a trusted proxy is always a valid address; and a body decodes to the same result in one piece
// and in two.
#include <agora/http/chunked.hpp>
#include <agora/http/client_address.hpp>
#include <agora/http/compression.hpp>
#include <agora/http/entity_tag.hpp>
#include <agora/http/framing.hpp>
#include <agora/http/head_parser.hpp>
#include <agora/http/target.hpp>
#include <cstdlib>
#include <larder/utf8.hpp>
#include <string>

namespace {

using namespace agora::http;

void require(bool holds)
{
    if (!holds) std::abort();
}

void read_text(const request& r)
{
    if (!is_encoded_text(r.path) || !is_encoded_text(r.query)) return;
    auto rest = r.query;
    for (std::size_t end = 0; end != std::string_view::npos;) {
        end = rest.find_first_of("&=");
        const auto decoded = percent_decode(rest.substr(0, end), true);
        require(decoded && larder::is_utf8(*decoded) && decoded->find('\0') == std::string::npos);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    const auto path = percent_decode(r.path, false);
    require(path && larder::is_utf8(*path));
}

void read_lists(const request& r)
{
    static const auto peer = *ip_address::parse("192.0.2.1");
    for (const auto header : {forwarding_header::x_forwarded_for, forwarding_header::forwarded}) {
        const auto client = trusted_proxies{"0.0.0.0/0", header}.client_behind(peer, r);
        ip_address::text_buffer text{};
        require(ip_address::parse(client.write_to(text)).has_value());
    }
    static_cast<void>(if_match::of(r));
    static_cast<void>(names_etag(r, "\"1-a\""));
    coding_choice choice;
    r.each_line("accept-encoding", [&](std::string_view line) { choice.add(line); });
    static_cast<void>(choice.best());
}

std::size_t read_head(std::string_view bytes)
{
    const framing_limits limits;
    const auto check = check_head(bytes, limits);
    if (check.state != head_state::complete) return 0;
    const auto head = bytes.substr(0, check.facts.size);
    for (std::size_t n = 0; n < head.size(); n += 1 + head.size() / 16) {
        require(check_head(head.substr(0, n), limits).state == head_state::incomplete);
    }
    request r;
    if (parse_head(head, r)) {
        require(r.path.starts_with('/') || r.path == "*");
        require(r.headers().size() <= limits.fields);
        require(!(check.facts.chunked && r.has_header("content-length")));
        require(r.header("transfer-encoding").empty() == !check.facts.chunked);
        static_cast<void>(r.query_param("a"));
        read_text(r);
        read_lists(r);
    }
    return check.facts.size;
}

struct decoded {
    chunked_decoder::status state = chunked_decoder::status::need_more;
    std::string payload;
    std::size_t consumed = 0;
};

decoded decode(std::string_view bytes, std::size_t cut)
{
    chunked_decoder d{4096};
    decoded result;
    for (const auto piece : {bytes.substr(0, cut), bytes.substr(cut)}) {
        std::string buffer{piece};
        const auto p = d.decode(buffer.data(), buffer.size(), buffer.data());
        require(p.consumed <= buffer.size() && p.written <= p.consumed);
        result.state = p.state;
        result.payload.append(buffer, 0, p.written);
        result.consumed += p.consumed;
        if (p.state != chunked_decoder::status::need_more) break;
    }
    require(result.payload.size() <= 4096);
    return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    std::string_view bytes{reinterpret_cast<const char*>(data), size};
    bytes.remove_prefix(read_head(bytes));
    const auto whole = decode(bytes, bytes.size());
    const auto cut = bytes.empty() ? 0 : static_cast<unsigned char>(bytes.back()) % (bytes.size() + 1);
    const auto parts = decode(bytes, cut);
    require(whole.state == parts.state && whole.payload == parts.payload && whole.consumed == parts.consumed);
    return 0;
}
