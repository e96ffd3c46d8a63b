// SPDX-License-Identifier: MIT
// The reader of RESP. nodes_ holds the parsed elements in pre-order; open_ holds the aggregates whose children have not
// all arrived. The reader consumes only complete pieces, a line or a text with its CRLF, and never looks at consumed
// bytes again, so the result does not depend on how the bytes were split. Start reading at reader::read(): it calls
// read_element() for lines and read_text() for the text of a bulk string; add() and close_element() build the tree.
#include <charconv>
#include <cstring>
#include <larder/resp.hpp>
#include <limits>

namespace larder::resp {
namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::size_t verbatim_prefix = 4;  // "txt:"

bool is_length(std::string_view digits) noexcept
{
    return !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Parses a length, which consists of digits only. Returns nullopt if it does not, or if it is too large.
std::optional<std::uint64_t> parse_length(std::string_view digits) noexcept
{
    std::uint64_t n = 0;
    if (!is_length(digits)) return std::nullopt;
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
    return ec == std::errc{} ? std::optional{n} : std::nullopt;
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) noexcept
{
    if (text.starts_with('+') && text.size() > 1 && text[1] != '-') text.remove_prefix(1);
    Number n{};
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
    return ec == std::errc{} && end == text.data() + text.size() ? std::optional{n} : std::nullopt;
}

bool is_decimal(std::string_view text) noexcept
{
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    return is_length(text);
}

kind aggregate_kind(char type) noexcept
{
    switch (type) {
        case '~':
            return kind::set;
        case '%':
        case '|':
            return kind::map;
        case '>':
            return kind::push;
        default:
            return kind::array;
    }
}

}  // namespace

std::string_view value::text() const noexcept
{
    const auto& n = nodes_[at_];
    if (is_aggregate()) return {};
    return {(n.stored ? storage_ : bytes_) + n.offset, n.size};
}

std::optional<std::int64_t> value::integer() const noexcept { return parse_number<std::int64_t>(text()); }

std::optional<double> value::number() const noexcept { return parse_number<double>(text()); }

value::iterator value::begin() const noexcept { return iterator{value{nodes_, at_ + 1, bytes_, storage_}}; }

value::iterator value::end() const noexcept
{
    return iterator{value{nodes_, is_aggregate() ? nodes_[at_].end : at_ + 1, bytes_, storage_}};
}

value value::child(std::size_t i) const noexcept
{
    auto c = begin();
    for (; i > 0; --i) ++c;
    return *c;
}

void reader::next() noexcept
{
    nodes_.clear();
    open_.clear();
    storage_.clear();
    at_ = searched_ = wanted_ = 0;
    text_type_ = 0;
    in_stream_ = attributed_ = false;
}

progress reader::read(std::string_view bytes)
{
    for (;;) {
        switch (text_type_ != 0 ? read_text(bytes) : read_element(bytes)) {
            case step::again:
                break;
            case step::incomplete:
                if (bytes.size() <= limits_.reply) return progress::incomplete;
                problem_ = "reply too long";
                return progress::broken;
            case step::complete:
                return progress::complete;
            case step::broken:
                return progress::broken;
        }
    }
}

reader::step reader::broken(const char* why) noexcept
{
    problem_ = why;
    return step::broken;
}

/// Returns the next line without its CRLF; nullopt if it is not complete yet, or if it is malformed (problem_ is set).
std::optional<std::string_view> reader::take_line(std::string_view bytes)
{
    const auto from = std::max(searched_, at_);
    if (from >= bytes.size()) {
        wanted_ = bytes.size() + 1;
        return std::nullopt;
    }
    const auto* cr = static_cast<const char*>(std::memchr(bytes.data() + from, '\r', bytes.size() - from));
    const auto end = cr == nullptr ? bytes.size() : static_cast<std::size_t>(cr - bytes.data());
    const bool is_text = bytes[at_] == '+' || bytes[at_] == '-';
    if (end - at_ > (is_text ? limits_.line : limits_.number)) {
        problem_ = "line too long";
        return std::nullopt;
    }
    if (end + 1 >= bytes.size()) {
        searched_ = end;
        wanted_ = std::max(bytes.size() + 1, end + 2);
        return std::nullopt;
    }
    if (bytes[end + 1] != '\n') {
        problem_ = "CR without LF";
        return std::nullopt;
    }
    line_start_ = at_;
    at_ = end + 2;
    return bytes.substr(line_start_, end - line_start_);
}

reader::step reader::read_element(std::string_view bytes)
{
    problem_ = "";
    const auto line = take_line(bytes);
    if (!line) return *problem_ == 0 ? step::incomplete : step::broken;
    if (line->empty()) return broken("empty line");
    const char type = line->front();
    const auto rest = line->substr(1);
    if (in_stream_) return type == ';' ? add_chunk(rest) : broken("unterminated streamed string");
    switch (type) {
        case '$':
        case '=':
        case '!':
            return begin_text(type, rest);
        case '*':
        case '~':
        case '%':
        case '>':
        case '|':
            return begin_aggregate(type, rest);
        case '.':
            return end_streamed(rest);
        default:
            return read_scalar(type, rest);
    }
}

reader::step reader::read_scalar(char type, std::string_view rest)
{
    const auto start = line_start_ + 1;
    switch (type) {
        case '+':
        case '-':
            if (rest.find('\n') != std::string_view::npos) return broken("LF in a line");
            return add(type == '+' ? kind::simple_string : kind::error, start, rest.size());
        case ':':
            if (!parse_number<std::int64_t>(rest)) return broken("not an integer");
            return add(kind::integer, start, rest.size());
        case ',':
            if (!parse_number<double>(rest)) return broken("not a double");
            return add(kind::number, start, rest.size());
        case '(':
            if (!is_decimal(rest)) return broken("not a big number");
            return add(kind::big_number, start, rest.size());
        case '#':
            if (rest != "t" && rest != "f") return broken("not a boolean");
            return add(kind::boolean, start, 1);
        case '_':
            if (!rest.empty()) return broken("not a null");
            return add(kind::null, start, 0);
        default:
            return broken("unknown type");
    }
}

reader::step reader::begin_text(char type, std::string_view rest)
{
    if (type == '$' && rest == "-1") return add(kind::null, line_start_ + 1, 0);
    if (type == '$' && rest == "?") {
        in_stream_ = true;
        stream_start_ = storage_.size();
        return step::again;
    }
    const auto length = parse_length(rest);
    if (!length) return broken("not a length");
    if (*length > limits_.text) return broken("text too long");
    if (type == '=' && *length < verbatim_prefix) return broken("verbatim string without format");
    text_type_ = type;
    text_size_ = *length;
    return step::again;
}

reader::step reader::read_text(std::string_view bytes)
{
    const auto end = at_ + text_size_;
    if (bytes.size() < end + line_end.size()) {
        wanted_ = end + line_end.size();
        return step::incomplete;
    }
    if (bytes.substr(end, line_end.size()) != line_end) return broken("unterminated text");
    const auto start = at_;
    at_ = end + line_end.size();
    switch (std::exchange(text_type_, 0)) {
        case ';':
            if (storage_.size() - stream_start_ + text_size_ > limits_.text) return broken("text too long");
            storage_.append(bytes.substr(start, text_size_));
            return step::again;
        case '!':
            return add(kind::error, start, text_size_);
        case '=':
            if (bytes[start + verbatim_prefix - 1] != ':') return broken("verbatim string without format");
            return add(kind::verbatim, start + verbatim_prefix, text_size_ - verbatim_prefix);
        default:
            return add(kind::bulk_string, start, text_size_);
    }
}

reader::step reader::add_chunk(std::string_view rest)
{
    const auto length = parse_length(rest);
    if (!length) return broken("not a length");
    if (*length > limits_.text) return broken("text too long");
    if (*length > 0) {
        text_type_ = ';';
        text_size_ = *length;
        return step::again;
    }
    in_stream_ = false;
    const auto done = add(kind::bulk_string, stream_start_, storage_.size() - stream_start_);
    if (done != step::broken) nodes_.back().stored = true;
    return done;
}

reader::step reader::begin_aggregate(char type, std::string_view rest)
{
    if (type == '*' && rest == "-1") return add(kind::null, line_start_ + 1, 0);
    if (type == '>' && !open_.empty()) return broken("push within a reply");
    if (open_.size() >= limits_.depth) return broken("nested too deep");
    const bool streamed = rest == "?";
    const auto count = streamed ? std::optional<std::uint64_t>{0} : parse_length(rest);
    if (!count) return broken("not a length");
    const bool pairs = type == '%' || type == '|';
    if (nodes_.size() >= limits_.elements || *count > (limits_.elements - nodes_.size()) / (pairs ? 2 : 1)) {
        return broken("too many elements");
    }
    if (type == '>' && *count == 0) return broken("empty push");
    node n;
    n.type = aggregate_kind(type);
    n.size = pairs ? *count * 2 : *count;
    open_.push_back({static_cast<std::uint32_t>(nodes_.size()), type == '|', streamed, n.size});
    nodes_.push_back(n);
    if (type != '|') attributed_ = false;
    return streamed || n.size > 0 ? step::again : close_element();
}

reader::step reader::end_streamed(std::string_view rest)
{
    if (!rest.empty() || open_.empty() || !open_.back().streamed || attributed_) return broken("unexpected end");
    auto& f = open_.back();
    auto& n = nodes_[f.node];
    if (n.type == kind::map && f.left % 2 != 0) return broken("key without value");
    n.size = f.left;
    f.streamed = false;
    f.left = 0;
    return close_element();
}

/// Adds a complete element without children.
reader::step reader::add(kind type, std::size_t offset, std::size_t size)
{
    if (nodes_.size() >= limits_.elements) return broken("too many elements");
    node n;
    n.type = type;
    n.offset = offset;
    n.size = size;
    n.end = static_cast<std::uint32_t>(nodes_.size() + 1);
    nodes_.push_back(n);
    attributed_ = false;
    if (open_.empty()) return step::complete;
    auto& parent = open_.back();
    if (parent.streamed) {
        ++parent.left;
        return step::again;
    }
    return --parent.left > 0 ? step::again : close_element();
}

/// Closes the innermost aggregate, whose children are complete, and all enclosing ones that are complete with it.
reader::step reader::close_element()
{
    for (;;) {
        const auto f = open_.back();
        open_.pop_back();
        if (f.attribute) {
            nodes_.resize(f.node);
            attributed_ = true;  // an attribute is not an element of the enclosing aggregate
            return step::again;
        }
        nodes_[f.node].end = static_cast<std::uint32_t>(nodes_.size());
        if (open_.empty()) return step::complete;
        auto& parent = open_.back();
        if (parent.streamed) {
            ++parent.left;
            return step::again;
        }
        if (--parent.left > 0) return step::again;
    }
}

}  // namespace larder::resp
