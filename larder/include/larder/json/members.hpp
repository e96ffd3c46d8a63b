// SPDX-License-Identifier: MIT
// A JSON object of which the program knows only some members. The others are kept exactly as they were written.
#pragma once

#include <larder/json/read.hpp>
#include <larder/json/write.hpp>
#include <larder/result.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace larder::json {

class members {
 public:
    members() = default;
    /// A text that is not JSON, is not an object, or has a duplicate member is errc::malformed.
    static result<members> parse(std::string_view text, const read_limits& limits = read_limits{});

    /// Returns nullopt if the member is absent or is not a T.
    template <class T>
    std::optional<T> get(std::string_view name) const
    {
        const auto* text = find(name);
        if (text == nullptr) return std::nullopt;
        auto value = read<T>(*text);
        if (!value) return std::nullopt;
        return *std::move(value);
    }
    /// Returns the member's JSON text as it was written; nullptr if it is absent.
    const std::string* find(std::string_view name) const noexcept;
    bool contains(std::string_view name) const noexcept { return find(name) != nullptr; }
    std::size_t size() const noexcept { return all_.size(); }

    template <class T>
    void set(std::string_view name, const T& value)
    {
        set_text(name, to_string(value));
    }
    /// Requires: `json` is valid JSON.
    void set_text(std::string_view name, std::string json);
    void erase(std::string_view name);

    /// The object as JSON, with its members in their original order.
    std::string text() const;

 private:
    std::vector<std::pair<std::string, std::string>> all_;
};

}  // namespace larder::json
