// SPDX-License-Identifier: MIT
// Writes RESP. Commands are arrays of bulk strings; append_value() writes a parsed reply again, as RESP3. All functions
// append to a string and keep no state.
#include <array>
#include <charconv>
#include <larder/resp.hpp>

namespace larder::resp {
namespace {

void append_line(std::string& out, char type, std::size_t n)
{
    std::array<char, 24> line{};
    line[0] = type;
    char* const end = std::to_chars(line.data() + 1, line.data() + line.size() - 2, n).ptr;
    end[0] = '\r';
    end[1] = '\n';
    out.append(line.data(), static_cast<std::size_t>(end + 2 - line.data()));
}

/// Returns the first byte of an element of this kind in RESP3.
char first_byte(kind k)
{
    switch (k) {
        case kind::simple_string:
            return '+';
        case kind::error:
            return '!';
        case kind::integer:
            return ':';
        case kind::bulk_string:
        case kind::verbatim:
            return '$';
        case kind::null:
            return '_';
        case kind::boolean:
            return '#';
        case kind::number:
            return ',';
        case kind::big_number:
            return '(';
        case kind::array:
            return '*';
        case kind::set:
            return '~';
        case kind::map:
            return '%';
        case kind::push:
            return '>';
    }
    return '_';
}

}  // namespace

void append_value(std::string& out, const value& v)
{
    const char type = first_byte(v.type());
    if (v.is_aggregate()) {
        append_line(out, type, v.type() == kind::map ? v.size() / 2 : v.size());
        for (const auto& child : v) append_value(out, child);
    } else if (type == '$' || type == '!') {
        append_line(out, type, v.text().size());
        out.append(v.text()).append("\r\n");
    } else {
        (out += type).append(v.text()).append("\r\n");
    }
}

void append_command_head(std::string& out, std::size_t arguments) { append_line(out, '*', arguments); }

void append_argument(std::string& out, std::string_view argument)
{
    append_line(out, '$', argument.size());
    out.append(argument).append("\r\n");
}

void append_command(std::string& out, std::span<const std::string_view> arguments)
{
    append_command_head(out, arguments.size());
    for (const auto a : arguments) append_argument(out, a);
}

}  // namespace larder::resp
