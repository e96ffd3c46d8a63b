// SPDX-License-Identifier: MIT
// Regions: families of cache entries that share a key pattern, a value type and options. Declare each region once, as a
// constant; it may be local to a function, because keys refer to a permanent copy and not to the constant.
//
//     constexpr larder::region<post_list(int, int, user_id)> post_page{
//         "posts:list:{}:{}:{}", {.ttl = 30s, .tags = {"posts", "viewer:{2}"}}};
//     cache.get_or_load(post_page(0, 20, viewer), ...);       // the entry "posts:list:0:20:456"
//     cache.invalidate(post_page);                            // all entries of the region
//     cache.invalidate(larder::tag{"viewer:{}", viewer});     // all entries with this tag
//
// The pattern has one `{}` for each field; a wrong number does not compile. Fields are percent-escaped, so two
// different lists of fields never give the same key; docs/formats/keys.md has the rules. Read region_options first,
// then region<V(Fields...)>, entry_key and tag.
#pragma once

#include <array>
#include <boost/describe/enum_to_string.hpp>
#include <charconv>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <larder/capped.hpp>
#include <larder/clock.hpp>
#include <larder/fnv.hpp>
#include <larder/inline_bytes.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace larder {

inline constexpr std::size_t max_key_fields = 8;
inline constexpr std::size_t max_region_tags = 4;

/// When an old value may be served after its TTL. An invalidated entry is never served, whatever these options say.
struct stale_options {
    capped_milliseconds while_revalidate{0};  ///< this long after the TTL, the old value is served during a reload
    capped_milliseconds if_error{0};          ///< this long after the TTL, it is served if the load fails (fail-safe)
    capped_milliseconds retry_after{1000};    ///< after a failed load, no node retries for this long
    bool beyond_bound = false;  ///< if_error may also serve values beyond the staleness bound (see the-promise.md)
    bool operator==(const stale_options&) const = default;
};

struct load_options {
    capped_milliseconds soft_timeout{0};      ///< with if_error: serve the old value after this wait; 0: no limit
    capped_milliseconds hard_timeout{10000};  ///< after it the load is cancelled with errc::timed_out
    /// For regions with slow loads: a separate limit of concurrent loads in this process. 0: they count towards
    /// cache_options::max_loads.
    std::size_t at_once = 0;
    bool operator==(const load_options&) const = default;
};

struct size_options {
    std::size_t max_bytes = 1 << 20;       ///< larger encoded values are served but not stored
    std::size_t compress_above = 4 << 10;  ///< larger values are compressed in Redis
    bool operator==(const size_options&) const = default;
};

/// As a region's TTL: use cache_options::default_ttl.
inline constexpr std::chrono::milliseconds default_ttl{-1};

/// The options of a region. Only the TTL is required.
struct region_options {
    capped_milliseconds ttl;                               ///< a positive time, or default_ttl
    std::array<std::string_view, max_region_tags> tags{};  ///< "user:{1}" contains the key's second field
    capped_milliseconds negative_ttl{5000};                ///< TTL of an empty optional; 0: not stored
    stale_options stale{};
    load_options load{};
    double early_refresh = 0;  ///< XFetch's beta, usually 1: refresh in the background before the TTL ends; 0: off
    capped_milliseconds local_ttl{std::chrono::milliseconds::max()};  ///< limit for copies in L1; 0: none are kept
    bool strict = false;  ///< every read goes to Redis and sees all invalidations that were confirmed before it began
    size_options size{};
    bool operator==(const region_options&) const = default;
};

namespace detail {

// The names are the error messages: a call of one of these functions in a constant expression is a compile error.
inline void the_pattern_needs_one_pair_of_braces_for_each_field() {}
inline void a_tag_names_a_field_that_the_key_does_not_have() {}
inline void a_ttl_must_be_positive() {}
inline void a_strict_region_serves_nothing_stale() {}
inline void a_pattern_begins_with_a_letter_and_holds_no_star_or_space() {}

consteval std::size_t count_fields(std::string_view pattern)
{
    std::size_t n = 0;
    if (pattern.empty() || !((pattern[0] | 32) >= 'a' && (pattern[0] | 32) <= 'z'))
        a_pattern_begins_with_a_letter_and_holds_no_star_or_space();
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const char c = pattern[i];
        if (c <= ' ' || c == '*' || c == '?' || c == '[' || c == ']' || c == '\\' || c == '%' || c == '~')
            a_pattern_begins_with_a_letter_and_holds_no_star_or_space();
        if (c == '}') the_pattern_needs_one_pair_of_braces_for_each_field();
        if (c != '{') continue;
        ++i;
        if (i == pattern.size() || pattern[i] != '}') the_pattern_needs_one_pair_of_braces_for_each_field();
        // Fields must be separated by a colon. Without a separator, or with a character that a field may contain, two
        // different lists of fields could give the same key.
        if (n > 0 && pattern[i - 2] != ':') the_pattern_needs_one_pair_of_braces_for_each_field();
        if (i + 1 < pattern.size() && pattern[i + 1] != ':') the_pattern_needs_one_pair_of_braces_for_each_field();
        ++n;
    }
    return n;
}

consteval void check_tag(std::string_view text, std::size_t fields)
{
    if (!text.empty() && !((text[0] | 32) >= 'a' && (text[0] | 32) <= 'z'))
        a_pattern_begins_with_a_letter_and_holds_no_star_or_space();
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '{') continue;
        const std::size_t field =
            i + 2 < text.size() && text[i + 2] == '}' ? static_cast<std::size_t>(text[i + 1] - '0') : max_key_fields;
        if (field >= fields) a_tag_names_a_field_that_the_key_does_not_have();
    }
}

}  // namespace detail

class entry_key;
class region_base;

namespace detail {

/// Returns a copy of the region that is never destroyed; equal regions share one copy. Takes a lock only when it makes
/// the copy. Thread-safe.
const region_base& interned(const region_base& r);

}  // namespace detail

/// The part of a region that does not depend on its types.
class region_base {
 public:
    bool operator==(const region_base&) const = default;
    constexpr std::string_view pattern() const noexcept { return pattern_; }
    constexpr const region_options& options() const noexcept { return options_; }
    /// Returns the key with this text; nullopt if it does not belong to this region.
    std::optional<entry_key> parse(std::string_view text) const;
    /// Returns the pattern with `*` for each field, for SCAN.
    std::string glob() const;

 protected:
    consteval region_base(std::string_view pattern, std::size_t fields, region_options o)
        : hash_{fnv1a(pattern)}, pattern_{pattern}, options_{o}
    {
        if (fields > max_key_fields || detail::count_fields(pattern) != fields)
            detail::the_pattern_needs_one_pair_of_braces_for_each_field();
        if (o.ttl.count() <= 0 && o.ttl != default_ttl) detail::a_ttl_must_be_positive();
        if (o.strict && (o.stale.while_revalidate.count() != 0 || o.stale.if_error.count() != 0))
            detail::a_strict_region_serves_nothing_stale();
        for (const auto t : o.tags) detail::check_tag(t, fields);
    }

 private:
    friend const region_base& detail::interned(const region_base& r);

    std::uint64_t hash_;  ///< of the pattern
    std::string_view pattern_;
    region_options options_;
};

/// A type may declare `std::string key_field(const my_type&)` in its namespace to be used as a field of a key.
template <class T>
concept has_key_field = requires(const T& v) {
    { key_field(v) } -> std::convertible_to<std::string_view>;
};

namespace detail {

/// Calls add(text, guard) with the text of one field. An empty optional gives "None". `guard` is true for the value of
/// a non-empty optional; if that value's text is "None", it must be escaped so that the two stay distinct.
template <class T, class Add>
void put_field(const T& field, Add&& add, bool guard = false)
{
    if constexpr (has_key_field<T>) {
        add(key_field(field), guard);
    } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
        add(field, guard);
    } else if constexpr (std::is_same_v<T, bool>) {
        add(field ? "true" : "false", guard);
    } else if constexpr (std::is_arithmetic_v<T>) {
        char digits[32];
        add(std::string_view{digits, std::to_chars(digits, digits + sizeof digits, field).ptr}, guard);
    } else if constexpr (boost::describe::has_describe_enumerators<T>::value) {
        add(boost::describe::enum_to_string(field, "?"), guard);
    } else if constexpr (std::is_same_v<T, timestamp>) {
        put_field(field.time_since_epoch().count(), add, guard);
    } else {
        static_assert(requires { field.has_value(); }, "no key_field() for this type");
        if (field.has_value()) {
            put_field(*field, add, true);
        } else {
            add("None", false);
        }
    }
}

}  // namespace detail

/// The key of one entry, and the region it belongs to. A short key needs no heap memory.
class entry_key {
 public:
    template <class... Fields>
    explicit entry_key(const region_base& in, const Fields&... fields) : region_{&detail::interned(in)}
    {
        [[maybe_unused]] const auto add = [this](std::string_view text, bool guard) { add_field(text, guard); };
        (detail::put_field(fields, add), ...);
        add_literal();
    }
    std::string_view text() const noexcept { return text_.view(); }
    /// The region; the reference is valid as long as the program runs.
    const region_base& region() const noexcept { return *region_; }
    /// Returns the text of the region's n-th tag for this key; empty if the region has fewer tags.
    std::string tag_text(std::size_t n) const;

 private:
    friend class region_base;
    struct unfinished {};
    entry_key(const region_base& in, unfinished) : region_{&detail::interned(in)} {}
    void add_literal();
    void add_field(std::string_view text, bool guard);
    void add_escaped(std::string_view text);

    const region_base* region_;
    detail::inline_bytes text_;
    std::uint16_t at_ = 0;  ///< position in the pattern
    std::uint8_t fields_ = 0;
    std::array<std::uint16_t, max_key_fields> begin_{};  ///< where each field begins in the text
    std::array<std::uint16_t, max_key_fields> end_{};
};

/// The key of an entry whose value is a V.
template <class V>
class key : public entry_key {
 public:
    using value_type = V;
    using entry_key::entry_key;
};

template <class Signature>
class region;

template <class V, class... Fields>
class region<V(Fields...)> : public region_base {
 public:
    using value_type = V;
    /// Requires: `pattern` and the tags are string literals.
    consteval region(std::string_view pattern, region_options o) : region_base{pattern, sizeof...(Fields), o} {}

    key<V> operator()(const std::type_identity_t<Fields>&... fields) const { return key<V>{*this, fields...}; }
};

namespace detail {

template <std::size_t Fields>
class tag_pattern {
 public:
    consteval tag_pattern(const char* text) : text_{text}
    {
        if (count_fields(text_) != Fields) the_pattern_needs_one_pair_of_braces_for_each_field();
    }
    constexpr operator std::string_view() const noexcept { return text_; }

 private:
    std::string_view text_;
};

/// Appends `pattern` from `at` up to its next `{}`, and `text` in place of the `{}`. Moves `at` behind the `{}`.
void append_tag_field(std::string& out, std::string_view pattern, std::size_t& at, std::string_view text, bool guard);

}  // namespace detail

/// A tag marks entries, possibly of several regions; invalidating the tag invalidates all of them.
class tag {
 public:
    template <class... Fields>
    explicit tag(detail::tag_pattern<sizeof...(Fields)> pattern, const Fields&... fields)
    {
        std::size_t at = 0;
        [[maybe_unused]] const auto add = [&](std::string_view text, bool guard) {
            detail::append_tag_field(text_, pattern, at, text, guard);
        };
        (detail::put_field(fields, add), ...);
        text_ += std::string_view{pattern}.substr(at);
    }
    /// Makes a tag from its text in key form, such as "user:42".
    static tag from_text(std::string_view text)
    {
        tag t;
        t.text_ = text;
        return t;
    }
    const std::string& text() const noexcept { return text_; }

 private:
    tag() = default;
    std::string text_;
};

}  // namespace larder
