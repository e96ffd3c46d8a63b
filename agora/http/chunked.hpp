// SPDX-License-Identifier: MIT
// A strict decoder of chunked bodies (RFC 9112 7.1) that works in place: the payload is moved to the front of the
// buffer that holds the raw bytes. Chunk sizes must be plain hexadecimal and lines must end with CRLF; extensions and
// trailers are validated, limited in size and dropped. A pure state machine: any split of the input gives the same
// result.
#pragma once

#include <cstddef>
#include <cstdint>

namespace agora::http {

class chunked_decoder {
 public:
    enum class status { need_more, done, malformed, too_large };

    /// The outcome of one call.
    struct progress {
        std::size_t consumed = 0;  ///< raw bytes read from the input
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
    std::uint64_t left_ = 0;     // payload bytes of the current chunk that have not arrived yet
    unsigned digits_ = 0;        // digits of the chunk size read so far
    unsigned line_bytes_ = 0;    // bytes of the extension or of the trailer section so far, limited
    bool trailer_name_ = false;  // the colon of the current trailer line has been read
    state state_ = state::size_first;
};

}  // namespace agora::http
