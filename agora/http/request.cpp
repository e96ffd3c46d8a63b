// SPDX-License-Identifier: MIT
// Access to header fields and query parameters, and percent-decoding. Names of header fields are compared
// case-insensitively; names of query parameters are decoded first and compared exactly.
#include <agora/http/request.hpp>
#include <agora/http/target.hpp>
#include <algorithm>
#include <larder/hex.hpp>

namespace agora::http {
namespace {

constexpr std::array<std::string_view, 7> verb_names{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

}  // namespace

std::string_view to_string(verb v) noexcept
{
    return v == verb::other ? std::string_view{"OTHER"} : verb_names[static_cast<std::size_t>(v)];
}

bool is_safe(verb v) noexcept { return v == verb::get || v == verb::head || v == verb::options; }

verb parse_verb(std::string_view token) noexcept
{
    for (std::size_t i = 0; i < verb_names.size(); ++i) {
        if (token == verb_names[i]) return static_cast<verb>(i);
    }
    return verb::other;
}

std::string_view request::header(std::string_view name) const noexcept
{
    for (const auto& f : headers()) {
        if (is_field(f, name)) return f.value;
    }
    return {};
}

bool request::has_header(std::string_view name) const noexcept
{
    return std::ranges::any_of(headers(), [&](const header_field& f) { return is_field(f, name); });
}

bool request::is_field(const header_field& f, std::string_view name) noexcept { return iequals(f.name, name); }

void request::set_target(std::string_view to) noexcept
{
    clear();
    method = verb::get;
    target = to;
    const auto parts = split_target(to_string(method), to);
    path = parts.path;
    query = parts.query;
}

void request::clear() noexcept
{
    clear_head();
    caller = {};
    admitted = {};
    shown_by = nullptr;
    client = {};
    request_id = {};
}

void request::clear_head() noexcept
{
    field_count_ = 0;
    method = verb::other;
    method_token = target = path = query = body = {};
}

bool request::add_header(std::string_view name, std::string_view value) noexcept
{
    if (field_count_ == max_fields) return false;
    fields_[field_count_++] = {name, value};
    return true;
}

std::optional<std::string> request::query_param(std::string_view name) const { return parameter_of(query, name); }

std::optional<std::string> parameter_of(std::string_view parameters, std::string_view name)
{
    for (auto rest = parameters; !rest.empty();) {
        const auto end = rest.find('&');
        const auto pair = rest.substr(0, end);
        const auto equals = pair.find('=');
        const auto key = percent_decode(pair.substr(0, equals), true);
        if (key && *key == name) {
            return percent_decode(equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1),
                                  true);
        }
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    return std::nullopt;
}

std::vector<std::pair<std::string, std::string>> parameters_in(std::string_view text)
{
    std::vector<std::pair<std::string, std::string>> all;
    while (!text.empty()) {
        const auto end = std::min(text.find('&'), text.size());
        const auto pair = text.substr(0, end);
        const auto equals = std::min(pair.find('='), pair.size());
        auto name = percent_decode(pair.substr(0, equals), true);
        auto value = percent_decode(equals == pair.size() ? std::string_view{} : pair.substr(equals + 1), true);
        if (!name || !value) break;
        all.emplace_back(*std::move(name), *std::move(value));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return all;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space)
{
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus_is_space) {
            out += ' ';
        } else if (text[i] != '%') {
            out += text[i];
        } else {
            const int byte = larder::escaped_byte(text.substr(i));
            if (byte <= 0) return std::nullopt;
            out += static_cast<char>(byte);
            i += 2;
        }
    }
    return out;
}

}  // namespace agora::http
