// SPDX-License-Identifier: MIT
// One or more commands that are sent as one unit. Commands are encoded when they are added; short requests need no heap
// memory.
//
//     request{"SET", key, value, "EX", 60}
//     request{"MGET", keys}                                    // each element of a range is an argument
//     request{"INCR", "visits"}.add("XGROUP CREATE", stream, group, "$")
//
// Arguments are binary-safe: CRLF or whole commands inside them are data. Only the command's name is split at spaces.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <larder/inline_bytes.hpp>
#include <optional>
#include <ranges>
#include <string_view>
#include <tuple>
#include <type_traits>

namespace larder::redis {

class script;

class request {
 public:
    request() = default;
    template <class... Arguments>
    explicit request(std::string_view command, const Arguments&... arguments)
    {
        add(command, arguments...);
    }

    /// Appends a command. Arguments may be strings and types that convert to string_view, integers, floating-point
    /// numbers (written as the shortest text that reads back the same), optionals (no argument if empty), and pairs,
    /// tuples and ranges of these.
    template <class... Arguments>
    request& add(std::string_view command, const Arguments&... arguments)
    {
        begin();
        put_name(command);
        (put(arguments), ...);
        end(command);
        return *this;
    }

    /// Says whether the request may be executed twice, overriding the table of commands (see
    /// docs/concepts/redis-client.md).
    request& idempotent(bool yes = true) noexcept
    {
        idempotent_ = yes;
        return *this;
    }

    /// In a cluster, sends the request to the master that owns this slot, regardless of its keys. No effect otherwise.
    request& to_slot(std::uint16_t s) noexcept
    {
        slot_ = s;
        return *this;
    }
    std::optional<std::uint16_t> slot() const noexcept { return slot_; }

    /// Adds MULTI before the commands and EXEC after them.
    void make_transaction();
    bool is_transaction() const noexcept { return transaction_; }

    /// For a request made by a script: replaces the script's hash by its text. Returns false if there is no script or
    /// the text is already in place.
    bool use_script_text();

    /// The encoded commands, as they are sent.
    std::string_view bytes() const noexcept { return bytes_.view(); }
    std::uint32_t commands() const noexcept { return commands_; }

    bool is_idempotent() const noexcept { return idempotent_.value_or(all_idempotent_); }
    bool is_blocking() const noexcept { return blocking_; }
    /// The name of a command in the request that would change the shared connection (SELECT, SUBSCRIBE, MULTI...);
    /// empty if there is none.
    std::string_view connection_bound() const noexcept;
    /// What to use instead of the command that connection_bound() names.
    std::string_view instead() const noexcept;

 private:
    friend class script;
    void begin();
    void put_name(std::string_view name);
    void put_text(std::string_view text);
    void end(std::string_view command);
    void check_whether_bound();
    void check_arguments(std::string_view name);

    template <std::integral T>
    void put_number(T value)
    {
        static_assert(!std::is_same_v<T, bool>, "Redis has no boolean arguments: pass 0 or 1");
        char text[24];
        put_text({text, std::to_chars(text, text + sizeof text, value).ptr});
    }
    template <std::floating_point T>
    void put_number(T value)
    {
        char text[64];
        put_text({text, std::to_chars(text, text + sizeof text, value).ptr});
    }

    template <class T>
    void put(const T& argument)
    {
        if constexpr (std::is_convertible_v<const T&, std::string_view>) {
            put_text(argument);
        } else if constexpr (std::is_arithmetic_v<T>) {
            put_number(argument);
        } else if constexpr (requires {
                                 argument.has_value();
                                 *argument;
                             }) {
            if (argument.has_value()) put(*argument);
        } else if constexpr (std::ranges::input_range<const T>) {
            for (const auto& item : argument) put(item);
        } else {
            std::apply([this](const auto&... parts) { (put(parts), ...); }, argument);
        }
    }

    larder::detail::inline_bytes bytes_;
    std::uint32_t commands_ = 0;
    std::uint32_t head_ = 0;       ///< where the command that is being added begins
    std::uint32_t arguments_ = 0;  ///< number of its arguments
    std::uint32_t bound_ = 0;      ///< 1 + where the first connection-bound command begins; 0: none
    std::optional<bool> idempotent_;
    std::optional<std::uint16_t> slot_;
    const script* script_ = nullptr;
    bool all_idempotent_ = true;
    bool blocking_ = false;
    bool transaction_ = false;
};

}  // namespace larder::redis
