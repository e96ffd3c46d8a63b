// SPDX-License-Identifier: MIT
// Finds the first key of a command by its position in the command table (commands.hpp), and computes the cluster slot
// of a key. All views point into the encoded request. Start with key_of() and key_slot().
#include "keys.hpp"

#include <array>

#include "arguments.hpp"
#include "commands.hpp"

namespace larder::redis {
namespace {

std::string_view first_command(const request& r) noexcept
{
    const auto bytes = r.bytes();
    if (!r.is_transaction()) return bytes;
    return bytes.substr(argument_list{bytes}.bytes());
}

std::string_view key_after_count(const argument_list& arguments, std::size_t count_at)
{
    return arguments.at(count_at) == "0" ? std::string_view{} : arguments.at(count_at + 1);
}

constexpr std::array<std::uint16_t, 256> make_crc_table()
{
    std::array<std::uint16_t, 256> table{};
    for (unsigned i = 0; i < 256; ++i) {
        unsigned crc = i << 8;
        for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000U) != 0 ? crc << 1 ^ 0x1021U : crc << 1;
        table[i] = static_cast<std::uint16_t>(crc);
    }
    return table;
}

constexpr auto crc_table = make_crc_table();

}  // namespace

std::string_view command_name(const request& r) noexcept
{
    const auto command = first_command(r);
    return command.empty() ? command : argument_list{command}.front();
}

std::string_view first_key(const request& r) noexcept
{
    const auto command = first_command(r);
    return command.empty() ? command : key_of(command);
}

std::string_view key_of(std::string_view command) noexcept
{
    const argument_list arguments{command};
    switch (find_command(arguments.front()).key) {
        case key_position::none:
            return {};
        case key_position::first:
            return arguments.at(1);
        case key_position::second:
            return arguments.at(2);
        case key_position::third:
            return arguments.at(3);
        case key_position::counted:
            return key_after_count(arguments, 1);
        case key_position::counted_second:
            return key_after_count(arguments, 2);
        case key_position::after_streams:
            break;
    }
    bool next = false;
    for (const auto argument : arguments) {
        if (next) return argument;
        next = is_word(argument, "streams");
    }
    return {};
}

std::uint16_t key_slot(std::string_view key) noexcept
{
    if (const auto open = key.find('{'); open != std::string_view::npos) {
        const auto close = key.find('}', open + 1);
        if (close != std::string_view::npos && close > open + 1) key = key.substr(open + 1, close - open - 1);
    }
    unsigned crc = 0;
    for (const char c : key) crc = (crc << 8 & 0xffffU) ^ crc_table[(crc >> 8 ^ static_cast<unsigned char>(c)) & 0xffU];
    return static_cast<std::uint16_t>(crc % 16384);
}

}  // namespace larder::redis
