// SPDX-License-Identifier: MIT
// RESP3 and RESP2, the wire protocol of Redis (redis.io/docs/latest/develop/reference/protocol-spec), as pure functions
// over buffers: no socket, no clock, no thread. Start with reader::read(). A reader parses bytes as they arrive and
// looks at each of them once; the result does not depend on how the bytes were split. A value is a view: it is valid as
// long as the bytes and the reader's state.
#pragma once

#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace larder::resp {

enum class kind : std::uint8_t {
    simple_string,
    error,  ///< simple or bulk
    integer,
    bulk_string,
    verbatim,  ///< text() omits the three letters of the format
    null,      ///< RESP3's null, RESP2's null bulk string and null array
    boolean,
    number,      ///< double
    big_number,  ///< text() is the decimal number
    array,
    set,
    map,   ///< children: key, value, key, value...
    push,  ///< out of band; never nested in another element
};

/// Limits on replies. A reply that exceeds one breaks the stream before memory of that size is allocated.
struct limits {
    std::size_t depth = 32;             ///< aggregates within aggregates
    std::size_t text = 512U << 20;      ///< bytes of one bulk string (Redis: proto-max-bulk-len)
    std::size_t line = 16U << 20;       ///< bytes of a simple string or error; Redis itself does not limit them
    std::size_t number = 64U << 10;     ///< bytes of a number or a length
    std::size_t elements = 16'000'000;  ///< elements of one reply, including nested ones
    std::size_t reply = 1024UL << 20;   ///< bytes of one reply
};

/// One element of a parsed reply; the elements are stored in pre-order. An implementation detail of value.
struct node {
    kind type = kind::null;
    bool stored = false;       ///< the text is in the reader's storage, because a streamed string arrives in pieces
    std::uint32_t end = 0;     ///< index of the first node after this one's children
    std::uint64_t offset = 0;  ///< where the text begins
    std::uint64_t size = 0;    ///< bytes of text, or number of children
};

class reader;

/// A reply, or a part of one.
class value {
 public:
    kind type() const noexcept { return nodes_[at_].type; }
    bool is_null() const noexcept { return type() == kind::null; }
    bool is_error() const noexcept { return type() == kind::error; }
    bool is_aggregate() const noexcept { return type() >= kind::array; }

    /// The text of strings, errors and numbers as it was sent; "t" or "f" for booleans; empty for null and aggregates.
    std::string_view text() const noexcept;
    /// The value of an integer, or of a string that is a decimal integer; nullopt otherwise.
    std::optional<std::int64_t> integer() const noexcept;
    /// The value of a double, an integer, or a string that is a number, including "inf", "-inf" and "nan"; nullopt
    /// otherwise.
    std::optional<double> number() const noexcept;

    class iterator;
    /// Number of children; keys and values of a map are counted separately. 0 for anything but an aggregate.
    std::size_t size() const noexcept { return is_aggregate() ? nodes_[at_].size : 0; }
    iterator begin() const noexcept;
    iterator end() const noexcept;
    /// The child at `i`, in O(i). Requires: i < size().
    value child(std::size_t i) const noexcept;

 private:
    friend class reader;
    value(const node* nodes, std::uint32_t at, const char* bytes, const char* storage) noexcept
        : nodes_{nodes}, bytes_{bytes}, storage_{storage}, at_{at}
    {}

    const node* nodes_;
    const char* bytes_;
    const char* storage_;
    std::uint32_t at_;
};

class value::iterator {
 public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = value;
    using difference_type = std::ptrdiff_t;
    using pointer = const value*;
    using reference = const value&;

    explicit iterator(value v) noexcept : value_{v} {}
    reference operator*() const noexcept { return value_; }
    pointer operator->() const noexcept { return &value_; }
    iterator& operator++() noexcept
    {
        value_.at_ = value_.nodes_[value_.at_].end;
        return *this;
    }
    bool operator==(const iterator& other) const noexcept { return value_.at_ == other.value_.at_; }

 private:
    value value_;
};

enum class progress : std::uint8_t {
    incomplete,  ///< more bytes are needed
    complete,    ///< one reply or push was read; see root() and consumed()
    broken,      ///< the bytes are not RESP or exceed a limit; see problem(). The stream is unusable from here on.
};

/// Reads one reply after another. Attributes are parsed and dropped.
class reader {
 public:
    explicit reader(const limits& l = {}) : limits_{l} {}

    /// Continues with the current reply. `bytes` begins with the first byte of the reply and contains at least what the
    /// previous call saw. Its address may have changed since.
    progress read(std::string_view bytes);

    /// After `complete`: root() is the reply, whose texts point into `bytes`; consumed() is its size in bytes.
    value root(std::string_view bytes) const noexcept { return {nodes_.data(), 0, bytes.data(), storage_.data()}; }
    std::size_t consumed() const noexcept { return at_; }
    /// After `broken`: the reason, a string constant.
    const char* problem() const noexcept { return problem_; }
    /// After `incomplete`: a lower bound on the total size of the reply, in bytes.
    std::size_t wanted() const noexcept { return wanted_; }

    /// Discards the reply, so that the next read() begins a new one. Keeps the memory for reuse.
    void next() noexcept;

 private:
    struct frame {
        std::uint32_t node = 0;
        bool attribute = false;
        bool streamed = false;
        std::uint64_t left = 0;  ///< children still missing; for a streamed aggregate: children read so far
    };
    enum class step : std::uint8_t { again, incomplete, complete, broken };

    std::optional<std::string_view> take_line(std::string_view bytes);
    step read_element(std::string_view bytes);
    step read_text(std::string_view bytes);
    step read_scalar(char type, std::string_view line);
    step begin_text(char type, std::string_view line);
    step begin_aggregate(char type, std::string_view line);
    step add_chunk(std::string_view line);
    step end_streamed(std::string_view line);
    step add(kind type, std::size_t offset, std::size_t size);
    step close_element();
    step broken(const char* why) noexcept;

    limits limits_;
    std::vector<node> nodes_;
    std::vector<frame> open_;
    std::string storage_;         ///< the text of streamed strings
    std::size_t at_ = 0;          ///< bytes consumed
    std::size_t searched_ = 0;    ///< there is no line end before this offset
    std::size_t line_start_ = 0;  ///< where the last line began
    std::size_t text_size_ = 0;   ///< size of the text that is being read
    std::size_t wanted_ = 0;
    std::size_t stream_start_ = 0;  ///< where the streamed string begins in storage_
    const char* problem_ = "";
    char text_type_ = 0;       ///< '$', '=', '!' or ';' while a text is being read, otherwise 0
    bool in_stream_ = false;   ///< inside a streamed string
    bool attributed_ = false;  ///< an attribute was read; its element must follow
};

/// Appends a command as clients send it: `*N\r\n$n\r\n...`. Arguments are binary-safe.
void append_command(std::string& out, std::span<const std::string_view> arguments);

/// Appends a reply in RESP3, as a server would send it. Verbatim strings become bulk strings.
void append_value(std::string& out, const value& v);

/// The parts of append_command(), for callers that produce their arguments one by one.
void append_command_head(std::string& out, std::size_t arguments);
void append_argument(std::string& out, std::string_view argument);

}  // namespace larder::resp
