// SPDX-License-Identifier: MIT
// Reads JSON with the SAX parser of Boost.JSON, which only this file includes. The parser calls `handler`, which knows
// a type only by its type_ops; start reading at read_into() and handler::set().
//
// The handler keeps a stack of open containers. A value is written directly to its target. If its field was rejected,
// the container is pushed without ops, and everything inside it is skipped without using memory.
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cmath>
#include <larder/json/read.hpp>

namespace larder::json {
namespace detail {
namespace {

namespace bj = boost::json;
using boost::system::error_code;

constexpr std::size_t max_problems = 20;

/// An open object or array.
struct frame {
    const type_ops* ops = nullptr;  // null: the content is skipped
    void* target = nullptr;
    bool is_array = false;
    std::uint64_t seen = 0;  // bit i is set when member i has been read
    std::string key;         // the member that is being read
    const member_ops* member = nullptr;
    void* slot = nullptr;   // map: the value that is being read
    std::size_t index = 0;  // array: index of the next item
};

/// Returns the double nearest to the text of a number, or infinity if it is too large. Needed because Boost.JSON 1.81
/// is sometimes wrong in the last digit.
double nearest_double(std::string_view text, double approximate)
{
    double v = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), v).ec == std::errc{}) return v;
    // The number is too large or too small for a double; the approximation shows which.
    return std::abs(approximate) < 1 ? 0 : std::copysign(std::numeric_limits<double>::infinity(), approximate);
}

class handler {
 public:
    static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_key_size = 1024;
    static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();

    handler(void* target, const type_ops& ops, bool nul) : root_target_{target}, root_ops_{&ops}, nul_{nul} {}

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_comment_part(bj::string_view, error_code&) { return true; }
    bool on_comment(bj::string_view, error_code&) { return true; }

    bool on_object_begin(error_code&) { return open(false); }
    bool on_array_begin(error_code&) { return open(true); }
    bool on_object_end(std::size_t, error_code&)
    {
        report_missing();
        stack_.pop_back();
        return true;
    }
    bool on_array_end(std::size_t, error_code&)
    {
        stack_.pop_back();
        return true;
    }

    bool on_key_part(bj::string_view s, std::size_t, error_code&)
    {
        text_.append(s.data(), s.size());
        return true;
    }
    bool on_key(bj::string_view s, std::size_t, error_code& ec)
    {
        text_.append(s.data(), s.size());
        if (refuses(text_, ec)) return false;
        const bool fresh = take_key();
        text_.clear();
        if (!fresh) ec = bj::error::syntax;
        return fresh;
    }
    bool on_string_part(bj::string_view s, std::size_t, error_code&)
    {
        text_.append(s.data(), s.size());
        return true;
    }
    bool on_string(bj::string_view s, std::size_t, error_code& ec)
    {
        // Most strings arrive in one part and are passed to their target without a copy.
        std::string_view whole{s.data(), s.size()};
        if (!text_.empty()) whole = text_.append(s.data(), s.size());
        if (refuses(whole, ec)) return false;
        set(&type_ops::set_text, whole);
        text_.clear();
        return true;
    }
    // The whole document is parsed in one call, so a number never arrives in parts.
    bool on_number_part(bj::string_view, error_code&) { return true; }
    bool on_int64(std::int64_t v, bj::string_view, error_code&) { return set(&type_ops::set_int, v); }
    bool on_uint64(std::uint64_t v, bj::string_view, error_code&) { return set(&type_ops::set_uint, v); }
    bool on_double(double approximate, bj::string_view s, error_code&)
    {
        return set(&type_ops::set_double, nearest_double({s.data(), s.size()}, approximate));
    }
    bool on_bool(bool v, error_code&) { return set(&type_ops::set_bool, v); }
    bool on_null(error_code&)
    {
        void* target = nullptr;
        const auto* ops = next_target(target);
        if (ops == nullptr) return true;
        if (ops->set_null != nullptr) {
            ops->set_null(target);
        } else {
            report("wrong_type", *ops);
        }
        return true;
    }

    std::vector<field_problem> problems;
    std::string duplicate;  // path of a duplicate member
    bool has_nul = false;   // a NUL was found although limits.nul is false

 private:
    bool refuses(std::string_view text, error_code& ec)
    {
        has_nul = !nul_ && text.find('\0') != std::string_view::npos;
        if (has_nul) ec = bj::error::syntax;
        return has_nul;
    }

    /// Returns the ops of the next value and sets its target; null if the value is skipped.
    const type_ops* next_target(void*& target)
    {
        if (stack_.empty()) {
            target = root_target_;
            return root_ops_;
        }
        auto& top = stack_.back();
        if (top.is_array) ++top.index;
        if (top.ops == nullptr) return nullptr;
        if (top.is_array) {
            target = top.ops->push(top.target);
            return top.ops->inner();
        }
        if (top.ops->object) {
            if (top.member == nullptr) return nullptr;
            target = top.member->get(top.target);
            return top.member->type();
        }
        target = top.slot;
        return top.ops->inner();
    }

    /// Unwraps optionals, because a value that is not null belongs to the type they contain.
    static const type_ops* unwrap(const type_ops* ops, void*& target)
    {
        while (ops->emplace != nullptr) {
            target = ops->emplace(target);
            ops = ops->inner();
        }
        return ops;
    }

    template <class V>
    bool set(value_error (*type_ops::*setter)(void*, V), V v)
    {
        void* target = nullptr;
        const auto* ops = next_target(target);
        if (ops == nullptr) return true;
        ops = unwrap(ops, target);
        const auto call = ops->*setter;
        switch (call != nullptr ? call(target, v) : value_error::wrong_type) {
            case value_error::none:
                break;
            case value_error::wrong_type:
                report("wrong_type", *ops);
                break;
            case value_error::out_of_range:
                report("out_of_range", *ops);
                break;
            case value_error::invalid:
                report("invalid", *ops);
                break;
        }
        return true;
    }

    bool open(bool is_array)
    {
        void* target = nullptr;
        const auto* ops = next_target(target);
        if (ops != nullptr) {
            ops = unwrap(ops, target);
            const bool fits = is_array ? ops->push != nullptr : ops->object || ops->at != nullptr;
            if (!fits) {
                report("wrong_type", *ops);
                ops = nullptr;
            }
        }
        auto& opened = stack_.emplace_back();
        opened.ops = ops;
        opened.target = target;
        opened.is_array = is_array;
        return true;
    }

    /// Returns false if the member is a duplicate.
    bool take_key()
    {
        auto& top = stack_.back();
        top.key = text_;
        top.member = nullptr;
        if (top.ops == nullptr) return true;
        if (!top.ops->object) {
            top.slot = top.ops->at(top.target, text_);
            if (top.slot == nullptr) duplicate = path();
            return top.slot != nullptr;
        }
        for (std::size_t i = 0; i < top.ops->members.size(); ++i) {
            if (top.ops->members[i].name != text_) continue;
            const auto bit = std::uint64_t{1} << i;
            if ((top.seen & bit) != 0) duplicate = path();
            top.seen |= bit;
            top.member = &top.ops->members[i];
            return duplicate.empty();
        }
        add("unknown", "unknown field");
        return true;
    }

    void report_missing()
    {
        auto& top = stack_.back();
        if (top.ops == nullptr || !top.ops->object) return;
        for (std::size_t i = 0; i < top.ops->members.size(); ++i) {
            const auto& m = top.ops->members[i];
            if (!m.required || (top.seen >> i & 1) != 0) continue;
            top.key = m.name;
            add("missing", "this field is required");
        }
    }

    void report(std::string_view code, const type_ops& wanted)
    {
        add(code, code == "out_of_range" ? "the number is too large or too small"
                                         : "must be " + std::string{wanted.expected});
    }

    void add(std::string_view code, std::string message)
    {
        if (problems.size() < max_problems) problems.emplace_back(path(), code, std::move(message));
    }

    std::string path() const
    {
        std::string p;
        for (const auto& f : stack_) {
            if (f.is_array) {
                p.append("[").append(std::to_string(f.index - 1)).append("]");
            } else {
                if (!p.empty()) p += '.';
                p += f.key;
            }
        }
        return p;
    }

    void* root_target_;
    const type_ops* root_ops_;
    bool nul_;
    std::vector<frame> stack_;
    std::string text_;
};

}  // namespace

read_failure read_into(void* target, const type_ops& ops, std::string_view text, const read_limits& limits)
{
    bj::parse_options options;
    options.max_depth = limits.depth;
    bj::basic_parser<handler> p{options, target, ops, limits.nul};
    error_code ec;
    const auto used = p.write_some(false, text.data(), text.size(), ec);
    read_failure failed;
    if (p.handler().has_nul) {
        failed.syntax = true;
        failed.detail = "a string before byte " + std::to_string(used) + " contains U+0000";
    } else if (!p.handler().duplicate.empty()) {
        failed.syntax = true;
        failed.detail = "the field " + p.handler().duplicate + " appears twice";
    } else if (ec || used < text.size()) {
        failed.syntax = true;
        failed.detail =
            "not JSON at byte " + std::to_string(used) + ": " + (ec ? ec.message() : "unexpected data after the end");
    } else {
        failed.fields = std::move(p.handler().problems);
    }
    return failed;
}

std::string list_words(const std::vector<std::string_view>& words)
{
    std::string text = "one of";
    for (const auto w : words) text.append(text.size() == 6 ? " " : ", ").append(w);
    return text;
}

}  // namespace detail

void throw_exception_from_error(const read_failure& f, const boost::source_location& where)
{
    boost::throw_exception(std::logic_error{"invalid JSON: " + f.detail}, where);
}

}  // namespace larder::json
