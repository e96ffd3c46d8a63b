// SPDX-License-Identifier: MIT
// Encodes requests as JSON and decodes the replies. Replies are requested in base64, so that values may hold any byte.
// Each reply is converted to RESP3 and read by the same reader as everywhere else, so that there is only one way to
// decode values. Start with make_rest_call() and deliver_rest_replies().
#include "rest_codec.hpp"

#include <openssl/evp.h>

#include <boost/json.hpp>
#include <larder/hex.hpp>
#include <larder/utf8.hpp>
#include <vector>

#include "arguments.hpp"

namespace larder::redis {

namespace json = boost::json;

namespace {

std::string percent_encode(std::string_view text)
{
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                           c == '_' || c == '.';
        if (plain) {
            out += c;
        } else {
            append_escaped(out, c);
        }
    }
    return out;
}

/// The commands of a request, without MULTI and EXEC.
std::vector<std::vector<std::string_view>> commands_of(const request& r)
{
    std::vector<std::vector<std::string_view>> out;
    auto rest = r.bytes();
    while (!rest.empty()) {
        const argument_list arguments{rest};
        out.emplace_back(arguments.begin(), arguments.end());
        rest.remove_prefix(arguments.bytes());
    }
    if (r.is_transaction()) {
        out.erase(out.begin());
        out.pop_back();
    }
    return out;
}

bool decode_base64(std::string_view text, std::string& out)
{
    out.resize(text.size() / 4 * 3 + 3);
    const auto n = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    if (n < 0) return false;
    const auto padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    out.resize(static_cast<std::size_t>(n - padding));
    return true;
}

void append_error(std::string& out, std::string_view text)
{
    out.append("!").append(std::to_string(text.size())).append("\r\n").append(text).append("\r\n");
}

bool append_resp(std::string& out, const json::value& v)
{
    if (v.is_null()) {
        out += "_\r\n";
    } else if (v.is_int64()) {
        out.append(":").append(std::to_string(v.get_int64())).append("\r\n");
    } else if (v.is_string()) {
        const std::string_view text = v.get_string();
        std::string bytes{text};
        if (text != "OK" && !decode_base64(text, bytes)) return false;
        if (text == "OK") {
            out += "+OK\r\n";
        } else {
            resp::append_argument(out, bytes);
        }
    } else if (v.is_array()) {
        resp::append_command_head(out, v.get_array().size());
        for (const auto& item : v.get_array()) {
            if (!append_resp(out, item)) return false;
        }
    } else {
        return false;
    }
    return true;
}

/// One reply: {"result": ...} or {"error": "..."}.
bool append_reply(std::string& out, const json::value& v)
{
    const auto* object = v.if_object();
    if (object == nullptr) return false;
    if (const auto* e = object->if_contains("error"); e != nullptr && e->is_string()) {
        append_error(out, e->get_string());
        return true;
    }
    const auto* result = object->if_contains("result");
    return result != nullptr && append_resp(out, *result);
}

bool append_transaction(std::string& out, const json::value& v, std::uint32_t commands)
{
    out += "+OK\r\n";
    if (const auto* object = v.if_object()) {
        const auto* e = object->if_contains("error");
        if (e == nullptr || !e->is_string()) return false;
        for (std::uint32_t i = 1; i < commands; ++i) append_error(out, e->get_string());
        return true;
    }
    if (!v.is_array() || v.get_array().size() + 2 != commands) return false;
    for (std::uint32_t i = 2; i < commands; ++i) out += "+QUEUED\r\n";
    resp::append_command_head(out, commands - 2);
    for (const auto& item : v.get_array()) {
        if (!append_reply(out, item)) return false;
    }
    return true;
}

}  // namespace

std::optional<rest_call> make_rest_call(const request& r)
{
    const auto commands = commands_of(r);
    bool text_only = true;
    for (const auto& c : commands) {
        for (const auto a : c) text_only = text_only && is_utf8(a);
    }
    if (!text_only) {
        if (commands.size() != 1) return std::nullopt;
        rest_call out;
        const auto& c = commands.front();
        for (std::size_t i = 0; i + 1 < c.size(); ++i) out.path += "/" + percent_encode(c[i]);
        out.body = c.back();
        return out;
    }
    json::array all;
    for (const auto& c : commands) {
        json::array one;
        for (const auto a : c) one.emplace_back(a);
        all.push_back(std::move(one));
    }
    if (r.is_transaction()) return rest_call{"/multi-exec", json::serialize(all)};
    if (all.size() == 1) return rest_call{"/", json::serialize(all.front())};
    return rest_call{"/pipeline", json::serialize(all)};
}

bool deliver_rest_replies(const request& r, std::string_view body, receiver& to)
{
    json::error_code ec;
    const auto v = json::parse({body.data(), body.size()}, ec);
    if (ec) return false;
    std::string resp;
    if (r.is_transaction()) {
        if (!append_transaction(resp, v, r.commands())) return false;
    } else if (r.commands() == 1) {
        if (!append_reply(resp, v)) return false;
    } else {
        if (!v.is_array() || v.get_array().size() != r.commands()) return false;
        for (const auto& item : v.get_array()) {
            if (!append_reply(resp, item)) return false;
        }
    }
    resp::reader reader;
    for (std::string_view rest{resp}; !rest.empty();) {
        if (reader.read(rest) != resp::progress::complete) return false;
        to.on_reply(reader.root(rest));
        rest.remove_prefix(reader.consumed());
        reader.next();
    }
    return true;
}

std::string rest_error(std::string_view body)
{
    json::error_code ec;
    const auto v = json::parse({body.data(), body.size()}, ec);
    if (ec || !v.is_object()) return {};
    const auto* e = v.get_object().if_contains("error");
    return e != nullptr && e->is_string() ? std::string{e->get_string()} : std::string{};
}

}  // namespace larder::redis
