// SPDX-License-Identifier: MIT
// Durations of options, of any unit and any size. std::chrono converts and adds without a look at the range:
// seconds::max() as milliseconds, or now() + milliseconds::max(), is undefined behaviour and in practice a time in the
// past. A capped duration beyond forty years, in either direction, is forty years, so whatever is done with a few of
// them stays within the 292 years that a clock of nanoseconds can tell.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <type_traits>

namespace larder {

inline constexpr std::chrono::hours longest_duration{24 * 365 * 40};

/// As std::chrono::duration_cast, but at most longest_duration in either direction; so is what is no number.
template <class To, class Rep, class Period>
constexpr To capped_cast(std::chrono::duration<Rep, Period> d) noexcept
{
    // In the unit of `d`, in which it is what it is; a type of a few bits could not hold the limit.
    using wide = std::chrono::duration<std::common_type_t<Rep, std::intmax_t>, Period>;
    const auto longest = std::chrono::duration_cast<wide>(longest_duration);
    if (!(wide{d} <= longest)) return std::chrono::duration_cast<To>(longest_duration);
    if constexpr (!std::unsigned_integral<Rep>) {
        if (wide{d} < -longest) return std::chrono::duration_cast<To>(-longest_duration);
    }
    return std::chrono::duration_cast<To>(wide{d});
}

/// A Duration that was capped when it was made. Converts from every duration that Duration converts from, and is one.
template <class Duration>
class capped : public Duration {
 public:
    constexpr capped() noexcept : Duration{Duration::zero()} {}
    constexpr explicit capped(typename Duration::rep count) noexcept : capped{Duration{count}} {}
    template <class Rep, class Period>
        requires std::convertible_to<std::chrono::duration<Rep, Period>, Duration>
    constexpr capped(std::chrono::duration<Rep, Period> d) noexcept : Duration{capped_cast<Duration>(d)}  // NOLINT
    {}
};

using capped_milliseconds = capped<std::chrono::milliseconds>;
using capped_seconds = capped<std::chrono::seconds>;

}  // namespace larder
