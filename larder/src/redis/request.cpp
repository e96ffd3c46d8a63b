// SPDX-License-Identifier: MIT
// Encodes commands as they are added. A command's head, *N, comes before its arguments are counted: room for one digit
// is reserved, and enlarged for the rarer command with more arguments. end() completes the head and reads the command's
// traits from the table: whether it may be retried, blocks, or may not run on a shared connection. Start with begin(),
// put_text() and end().
#include <algorithm>
#include <cstring>
#include <larder/redis/script.hpp>
#include <larder/resp.hpp>
#include <string>
#include <utility>

#include "arguments.hpp"
#include "commands.hpp"

namespace larder::redis {
namespace {

constexpr std::size_t head_room = 4;  // "*9\r\n"

char* put_digits(char* to, std::size_t value) { return std::to_chars(to, to + 20, value).ptr; }

bool has_word(argument_list arguments, std::size_t from, std::initializer_list<std::string_view> words)
{
    for (std::size_t i = 0; const auto argument : arguments) {
        if (i++ < from) continue;
        for (const auto word : words) {
            if (is_word(argument, word)) return true;
        }
    }
    return false;
}

/// XREAD and XREADGROUP: whether BLOCK is among their options, which end at STREAMS.
bool waits(argument_list arguments)
{
    for (const auto argument : arguments) {
        if (is_word(argument, "streams")) return false;
        if (is_word(argument, "block")) return true;
    }
    return false;
}

}  // namespace

void request::begin()
{
    head_ = static_cast<std::uint32_t>(bytes_.size());
    bytes_.extend(head_room);
    arguments_ = 0;
}

void request::put_name(std::string_view name)
{
    for (;;) {
        const auto space = name.find(' ');
        put_text(name.substr(0, space));
        if (space == std::string_view::npos) return;
        name.remove_prefix(space + 1);
    }
}

void request::put_text(std::string_view text)
{
    char head[24];
    head[0] = '$';
    char* end = put_digits(head + 1, text.size());
    *end++ = '\r';
    *end++ = '\n';
    const auto head_size = static_cast<std::size_t>(end - head);
    char* out = bytes_.extend(head_size + text.size() + 2);
    std::memcpy(out, head, head_size);
    if (!text.empty()) std::memcpy(out + head_size, text.data(), text.size());
    out += head_size + text.size();
    out[0] = '\r';
    out[1] = '\n';
    ++arguments_;
}

void request::end(std::string_view command)
{
    char head[24];
    head[0] = '*';
    char* end = put_digits(head + 1, arguments_);
    *end++ = '\r';
    *end++ = '\n';
    const auto size = static_cast<std::size_t>(end - head);
    if (size > head_room) bytes_.open_gap(head_, size - head_room);
    std::memcpy(bytes_.data() + head_, head, size);
    ++commands_;

    const auto name = command.substr(0, command.find(' '));
    const auto traits = find_command(name);
    all_idempotent_ = all_idempotent_ && traits.idempotent;
    blocking_ = blocking_ || traits.blocking;
    if (traits.may_be_bound) check_whether_bound();
    if (traits.depends_on_arguments) check_arguments(name);
}

void request::check_whether_bound()
{
    if (bound_ != 0) return;
    const argument_list arguments{bytes().substr(head_)};
    const auto* const b = find_bound(arguments.front(), arguments.at(1));
    if (b != nullptr && !(b->may_follow && commands_ > 1)) bound_ = head_ + 1;
}

void request::check_arguments(std::string_view name)
{
    const argument_list arguments{bytes().substr(head_)};
    if (is_word(name, "set")) {
        all_idempotent_ = all_idempotent_ && !has_word(arguments, 3, {"nx", "xx", "get"});
    } else {
        blocking_ = blocking_ || waits(arguments);
    }
}

void request::make_transaction()
{
    constexpr std::string_view multi = "*1\r\n$5\r\nMULTI\r\n";
    constexpr std::string_view exec = "*1\r\n$4\r\nEXEC\r\n";
    bytes_.open_gap(0, multi.size());
    std::memcpy(bytes_.data(), multi.data(), multi.size());
    bytes_.append(exec);
    commands_ += 2;
    if (bound_ != 0) bound_ += static_cast<std::uint32_t>(multi.size());
    blocking_ = false;  // inside MULTI no command waits
    transaction_ = true;
}

bool request::use_script_text()
{
    if (script_ == nullptr || commands_ != 1) return false;
    // The arguments after the hash stay as they are.
    const argument_list arguments{bytes()};
    auto it = arguments.begin();
    const bool reads = (*it).size() == std::string_view{"EVALSHA_RO"}.size();
    const auto behind_hash = (++it).position();
    const auto count = arguments.size();
    const std::string rest{bytes().substr(behind_hash)};
    const script& s = *std::exchange(script_, nullptr);
    std::string out;
    resp::append_command_head(out, count);
    resp::append_argument(out, reads ? "EVAL_RO" : "EVAL");
    resp::append_argument(out, s.text());
    out += rest;
    bytes_.assign(out);
    return true;
}

std::string_view request::instead() const noexcept
{
    if (bound_ == 0) return {};
    const argument_list arguments{bytes().substr(bound_ - 1)};
    return find_bound(arguments.front(), arguments.at(1))->instead;
}

std::string_view request::connection_bound() const noexcept
{
    if (bound_ == 0) return {};
    return argument_list{bytes().substr(bound_ - 1)}.front();
}

}  // namespace larder::redis
