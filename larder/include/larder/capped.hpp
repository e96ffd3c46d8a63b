// SPDX-License-Identifier: MIT
// The duration types of options; they accept any unit and any value. std::chrono converts and adds without checking the
// range: seconds::max() converted to milliseconds, or now() + milliseconds::max(), is undefined behaviour, in practice
// a time in the past. A capped duration is limited to forty years in either direction, so sums and small multiples of
// capped durations stay within the 292 years that a clock in nanoseconds can represent.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <type_traits>

namespace larder {

inline constexpr std::chrono::hours longest_duration{24 * 365 * 40};

/// Like std::chrono::duration_cast, but clamps to longest_duration in either direction. NaN gives longest_duration.
template <class To, class Rep, class Period>
constexpr To capped_cast(std::chrono::duration<Rep, Period> d) noexcept
{
    // Compare in the unit of `d`, because converting `d` first could overflow; widened, because a narrow type could not
    // hold the limit.
    using wide = std::chrono::duration<std::common_type_t<Rep, std::intmax_t>, Period>;
    const auto longest = std::chrono::duration_cast<wide>(longest_duration);
    if (!(wide{d} <= longest)) return std::chrono::duration_cast<To>(longest_duration);
    if constexpr (!std::unsigned_integral<Rep>) {
        if (wide{d} < -longest) return std::chrono::duration_cast<To>(-longest_duration);
    }
    return std::chrono::duration_cast<To>(wide{d});
}

/// A Duration that is clamped on construction. Converts from every duration that Duration converts from, and can be
/// used as a Duration.
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
