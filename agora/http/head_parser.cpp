// SPDX-License-Identifier: MIT
// Boost.Beast's parser with callbacks that store views. Start with parse_head(), which then splits the target into path
// and query.
#include <agora/http/head_parser.hpp>
#include <agora/http/target.hpp>
#include <boost/beast/http/basic_parser.hpp>

namespace agora::http {
namespace {

namespace beast = boost::beast;
using beast::error_code;
using beast::string_view;

/// Collects views. It never sees a body, because parse_head() feeds it only the header block.
class view_parser final : public beast::http::basic_parser<true> {
 public:
    explicit view_parser(request& out) : out_{out}
    {
        // check_head() and the route enforce the limits. Beast's own limit would refuse a body of 1 MiB before they
        // apply.
        header_limit(0x7fffffff);
        body_limit(boost::none);
    }

 private:
    void on_request_impl(beast::http::verb, string_view method, string_view target, int version, error_code&) override
    {
        out_.method_token = {method.data(), method.size()};
        out_.target = {target.data(), target.size()};
        out_.minor_version = static_cast<unsigned>(version - 10);
    }
    void on_field_impl(beast::http::field, string_view name, string_view value, error_code& ec) override
    {
        if (!out_.add_header({name.data(), name.size()}, {value.data(), value.size()})) {
            ec = beast::http::error::header_limit;
        }
    }
    void on_response_impl(int, string_view, int, error_code&) override {}
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(string_view body, error_code&) override { return body.size(); }
    void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override { return body.size(); }
    void on_finish_impl(error_code&) override {}

    request& out_;
};

}  // namespace

bool parse_head(std::string_view block, request& out)
{
    out.clear_head();
    view_parser parser{out};
    error_code ec;
    parser.put(boost::asio::const_buffer{block.data(), block.size()}, ec);
    if (ec || !parser.is_header_done()) return false;
    out.method = parse_verb(out.method_token);
    const auto parts = split_target(out.method_token, out.target);
    out.path = parts.path;
    out.query = parts.query;
    return true;
}

}  // namespace agora::http
