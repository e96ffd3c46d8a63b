// SPDX-License-Identifier: MIT
// The small part of HTTP/1.1 that the REST transport needs: a parser for one response (RFC 9112, section 6), with a
// length or in chunks.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace larder::redis {

/// Takes the bytes of one response as they arrive. A pure state machine.
class http_response {
 public:
    explicit http_response(std::size_t body_limit) : limit_{body_limit} {}

    /// False: this is not an HTTP/1.1 response, or it is too large.
    bool add(std::string_view bytes);
    /// The peer has closed the connection. False: the response is incomplete.
    bool end();
    bool complete() const noexcept { return state_ == state::done; }

    int status() const noexcept { return status_; }
    const std::string& body() const noexcept { return body_; }
    /// The value of a header field, whose name must be given in lower case. Empty if absent.
    std::string_view header(std::string_view name) const;
    /// Whether the connection may carry another request.
    bool keeps_alive() const;

 private:
    enum class state : unsigned char { head, length, until_close, chunk_size, chunk, chunk_end, trailer, done };

    bool step(bool& more);
    bool read_head();
    bool read_chunk_size(std::string_view line);
    std::optional<std::string_view> take_line();

    std::size_t limit_;
    std::string input_;
    std::string head_;  ///< the header fields, with names in lower case
    std::string line_;
    std::string body_;
    state state_ = state::head;
    std::size_t left_ = 0;
    int status_ = 0;
};

}  // namespace larder::redis
