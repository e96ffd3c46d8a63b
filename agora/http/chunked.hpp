// SPDX-License-Identifier: MIT
// Decoder of chunked bodies (RFC 9112 7.1), strict and in place: the payload moves to the front of the buffer
// that holds the raw bytes. Sizes are plain hexadecimal, lines end with CRLF, extensions and trailers are checked,
// bounded and dropped. Pure state machine: any split of the input gives the same result.
#pragma once

#include <cstddef>
#include <cstdint>

namespace agora::http {

class chunked_decoder {
 public:
    enum class status { need_more, done, malformed, too_large };

    /// What a call did with the bytes it saw.
    struct progress {
        std::size_t consumed = 0;  ///< raw bytes taken from the input
        std::size_t written = 0;   ///< payload bytes written to the output
        status state = status::need_more;
    };

    explicit chunked_decoder(std::size_t max_body) noexcept : room_{max_body} {}

    /// Reads raw bytes from [in, in + size), writes payload to `out`. The ranges may overlap when out <= in.
    progress decode(const char* in, std::size_t size, char* out) noexcept;

 private:
    enum class state {
        size_first,
        size,
        extension,
        size_lf,
        data,
        data_cr,
        data_lf,
        trailer_start,
        trailer,
        trailer_lf,
        end_lf,
        done
    };
    bool step(char c) noexcept;
    bool size_digit(char c) noexcept;
    void next_line(state s) noexcept;

    std::size_t room_;
    std::uint64_t left_ = 0;     // payload bytes of the chunk that are still to come
    unsigned digits_ = 0;        // of the chunk size
    unsigned line_bytes_ = 0;    // of the extension or the trailer section, bounded
    bool trailer_name_ = false;  // the trailer line has had its colon
    state state_ = state::size_first;
};

}  // namespace agora::http
