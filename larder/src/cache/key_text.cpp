// SPDX-License-Identifier: MIT
// The text of entry keys and tags, and the table of interned regions that keys refer to.
// Fields are escaped: bytes with a meaning in keys, SCAN patterns or Cluster hash tags are percent-escaped, and a field
// that is too long is replaced by its first bytes, a tilde and the SHA-256 of the whole. Tildes in fields are escaped
// too, so different fields always have different texts. Start at entry_key::add_field() and region_base::parse().
#include <openssl/evp.h>

#include <atomic>
#include <larder/hex.hpp>
#include <larder/region.hpp>
#include <mutex>
#include <stdexcept>

namespace larder {
namespace {

constexpr std::size_t longest_field = 128;  // bytes, escaped
constexpr std::size_t kept_of_long = 40;

bool needs_escape(unsigned char c) noexcept
{
    return c < 0x20 || c == 0x7f ||
           std::string_view{":*?[]\\{}%~"}.find(static_cast<char>(c)) != std::string_view::npos;
}

void append_sha256(std::string& out, std::string_view text)
{
    std::array<unsigned char, 32> digest{};
    if (EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1)
        throw std::runtime_error{"SHA-256 is not available"};
    out += to_hex(digest, "0123456789ABCDEF");
}

/// `guard`: escapes the text "None" as well, because an empty optional is written as "None".
std::string escape(std::string_view text, bool guard)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (needs_escape(static_cast<unsigned char>(text[i])) || (guard && i == 0 && text == "None")) {
            append_escaped(out, text[i]);
        } else {
            out += text[i];
        }
    }
    if (out.size() <= longest_field) return out;
    out.resize(kept_of_long);
    out += '~';
    append_sha256(out, text);
    return out;
}

bool plain(std::string_view text, bool guard) noexcept
{
    if (text.size() > longest_field || (guard && text == "None")) return false;
    for (const char c : text)
        if (needs_escape(static_cast<unsigned char>(c))) return false;
    return true;
}

}  // namespace

namespace detail {
namespace {

/// Never destroyed, because keys in static objects may be used until the end of the program.
struct interned_region {
    const region_base region;
    const interned_region* const next;
};

const region_base* find(const interned_region* first, const region_base& r) noexcept
{
    for (const auto* i = first; i != nullptr; i = i->next)
        if (i->region == r) return &i->region;
    return nullptr;
}

}  // namespace

const region_base& interned(const region_base& r)
{
    static std::array<std::atomic<const interned_region*>, 1024> lists{};  // by hash, the newest first
    static std::mutex one_adds;
    auto& list = lists[r.hash_ % lists.size()];
    if (const auto* known = find(list.load(std::memory_order_acquire), r)) return *known;
    const std::lock_guard lock{one_adds};
    const auto* const first = list.load(std::memory_order_relaxed);
    if (const auto* known = find(first, r)) return *known;
    const auto* const added = new interned_region{r, first};
    list.store(added, std::memory_order_release);
    return added->region;
}

void append_tag_field(std::string& out, std::string_view pattern, std::size_t& at, std::string_view text, bool guard)
{
    const auto braces = pattern.find('{', at);
    out += pattern.substr(at, braces - at);
    out += escape(text, guard);
    at = braces + 2;
}

}  // namespace detail

void entry_key::add_literal()
{
    const auto rest = region_->pattern().substr(at_);
    const auto literal = rest.substr(0, rest.find('{'));
    text_.append(literal);
    at_ = static_cast<std::uint16_t>(at_ + literal.size() + (literal.size() < rest.size() ? 2 : 0));
}

void entry_key::add_field(std::string_view text, bool guard)
{
    if (plain(text, guard)) {
        add_escaped(text);
    } else {
        add_escaped(escape(text, guard));
    }
}

void entry_key::add_escaped(std::string_view text)
{
    add_literal();
    begin_[fields_] = static_cast<std::uint16_t>(text_.size());
    text_.append(text);
    end_[fields_++] = static_cast<std::uint16_t>(text_.size());
}

std::string entry_key::tag_text(std::size_t n) const
{
    const auto pattern = region_->options().tags[n];
    std::string out;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] != '{') {
            out += pattern[i];
            continue;
        }
        const auto field = static_cast<std::size_t>(pattern[i + 1] - '0');
        out += text_.view().substr(begin_[field], end_[field] - begin_[field]);
        i += 2;
    }
    return out;
}

std::optional<entry_key> region_base::parse(std::string_view text) const
{
    entry_key k{*this, entry_key::unfinished{}};
    for (auto rest = pattern_;;) {
        const auto literal = rest.substr(0, rest.find('{'));
        if (!text.starts_with(literal)) return std::nullopt;
        text.remove_prefix(literal.size());
        if (literal.size() == rest.size()) break;
        const auto field = text.substr(0, text.find(':'));
        k.add_escaped(field);
        text.remove_prefix(field.size());
        rest.remove_prefix(literal.size() + 2);
    }
    if (!text.empty()) return std::nullopt;
    k.add_literal();
    return k;
}

std::string region_base::glob() const
{
    std::string out;
    for (const char c : pattern_) {
        if (c == '{') out += '*';
        if (c != '{' && c != '}') out += c;
    }
    return out;
}

}  // namespace larder
