// SPDX-License-Identifier: MIT
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

}  // namespace

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
