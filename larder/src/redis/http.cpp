// SPDX-License-Identifier: MIT
// add() appends bytes to input_ and calls step() until bytes are missing or the response is complete. Each step
// consumes one part of the response: the head, a piece of the body, or a line of the chunked encoding. left_ counts the
// bytes that the body or chunk still lacks. The head and each line may have up to 64 KiB, the body up to `limit_`
// bytes.
#include "http.hpp"

#include <algorithm>
#include <charconv>

namespace larder::redis {
namespace {

constexpr std::size_t head_limit = 64 * 1024;

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

}  // namespace

bool http_response::add(std::string_view bytes)
{
    input_.append(bytes);
    bool more = true;
    while (more && state_ != state::done) {
        if (!step(more)) return false;
    }
    return state_ != state::done || input_.empty();
}

bool http_response::end()
{
    if (state_ != state::until_close) return false;
    state_ = state::done;
    return true;
}

/// Consumes one part. Sets `more` to false if bytes are missing. Returns false if the response is malformed or too
/// large.
bool http_response::step(bool& more)
{
    switch (state_) {
        case state::head:
            return input_.find("\r\n\r\n") == std::string::npos ? (more = false, input_.size() <= head_limit)
                                                                : read_head();
        case state::length:
        case state::until_close:
        case state::chunk: {
            const auto n = std::min(left_, input_.size());
            if (body_.size() + n > limit_) return false;
            body_.append(input_, 0, n);
            input_.erase(0, n);
            left_ -= n;
            more = left_ == 0;
            if (left_ == 0) state_ = state_ == state::chunk ? state::chunk_end : state::done;
            return true;
        }
        case state::chunk_size:
        case state::chunk_end:
        case state::trailer: {
            const auto line = take_line();
            more = line.has_value();
            if (!more) return input_.size() <= head_limit;
            if (state_ == state::chunk_size) return read_chunk_size(*line);
            if (state_ == state::chunk_end && !line->empty()) return false;
            if (state_ == state::chunk_end) {
                state_ = state::chunk_size;
            } else if (line->empty()) {
                state_ = state::done;
            }
            return true;
        }
        case state::done:
            break;
    }
    more = false;
    return true;
}

std::optional<std::string_view> http_response::take_line()
{
    const auto end = input_.find("\r\n");
    if (end == std::string::npos) return std::nullopt;
    line_ = input_.substr(0, end);
    input_.erase(0, end + 2);
    return line_;
}

bool http_response::read_chunk_size(std::string_view line)
{
    const auto [end, ec] = std::from_chars(line.data(), line.data() + line.size(), left_, 16);
    const bool sound =
        ec == std::errc{} && end != line.data() && (end == line.data() + line.size() || *end == ';' || *end == ' ');
    state_ = left_ == 0 ? state::trailer : state::chunk;
    return sound && left_ <= limit_;
}

bool http_response::read_head()
{
    const auto end = input_.find("\r\n\r\n");
    const auto first = input_.find("\r\n");
    const auto line = std::string_view{input_}.substr(0, first);
    if (!line.starts_with("HTTP/1.") || line.size() < 12) return false;
    if (std::from_chars(line.data() + 9, line.data() + 12, status_).ec != std::errc{}) return false;
    head_ = input_.substr(first, end - first + 2);
    for (std::size_t i = 0, name = 1; i < head_.size(); ++i) {
        if (head_[i] == '\n') name = 1;
        if (head_[i] == ':') name = 0;
        if (name != 0) head_[i] = to_lower(head_[i]);
    }
    input_.erase(0, end + 4);
    if (status_ >= 100 && status_ < 200) return true;  // an interim response; the final one follows
    if (status_ == 204 || status_ == 304) {
        state_ = state::done;
        return true;
    }
    if (header("transfer-encoding").find("chunked") != std::string_view::npos) {
        state_ = state::chunk_size;
        return true;
    }
    const auto length = header("content-length");
    if (length.empty()) {
        state_ = state::until_close;
        left_ = limit_ + 1;
        return true;
    }
    const auto [stop, ec] = std::from_chars(length.data(), length.data() + length.size(), left_);
    state_ = left_ == 0 ? state::done : state::length;
    return ec == std::errc{} && stop == length.data() + length.size() && left_ <= limit_;
}

std::string_view http_response::header(std::string_view name) const
{
    const auto at = head_.find("\r\n" + std::string{name} + ":");
    if (at == std::string::npos) return {};
    auto begin = at + 2 + name.size() + 1;
    while (head_[begin] == ' ' || head_[begin] == '\t') ++begin;
    return std::string_view{head_}.substr(begin, head_.find("\r\n", begin) - begin);
}

bool http_response::keeps_alive() const
{
    const auto connection = header("connection");
    return !std::ranges::equal(connection, std::string_view{"close"}, {}, to_lower);
}

}  // namespace larder::redis
