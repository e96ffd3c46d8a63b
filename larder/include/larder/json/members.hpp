// SPDX-License-Identifier: MIT
// An object of which only some members are known: the others are kept as they are written.
#pragma once

#include <larder/json/read.hpp>
#include <larder/json/write.hpp>
#include <utility>

namespace larder::json {

class members {
 public:
    members() = default;
    /// nullopt: the text is not JSON, no object, or has a member twice.
    static std::optional<members> parse(std::string_view text, const read_limits& limits = read_limits{});

    /// nullopt: it is not there, or is no T.
    template <class T>
    std::optional<T> get(std::string_view name) const
    {
        const auto* text = find(name);
        if (text == nullptr) return std::nullopt;
        auto value = read<T>(*text);
        if (!value) return std::nullopt;
        return *std::move(value);
    }
    /// As it is written; null: not there.
    const std::string* find(std::string_view name) const noexcept;
    bool contains(std::string_view name) const noexcept { return find(name) != nullptr; }
    std::size_t size() const noexcept { return all_.size(); }

    template <class T>
    void set(std::string_view name, const T& value)
    {
        set_text(name, to_string(value));
    }
    /// Requires: `json` is JSON.
    void set_text(std::string_view name, std::string json);
    void erase(std::string_view name);

    /// In the order in which they came.
    std::string text() const;

 private:
    std::vector<std::pair<std::string, std::string>> all_;
};

}  // namespace larder::json
