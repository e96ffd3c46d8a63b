// SPDX-License-Identifier: MIT
// What storing a written text needs besides the store: a clock and the Markdown renderer. Trivially destructible, so it
// may be a temporary in a co_await expression (docs/decisions/0005-coroutines.md).
#pragma once

#include <agora/markup/renderer.hpp>
#include <chrono>
#include <larder/clock.hpp>

namespace agora::api {

/// Two submissions of the same text by the same member to the same place within this time are one.
inline constexpr std::chrono::minutes same_form_within{1};

struct authoring {
    const larder::clock& clock;
    markup::renderer& renderer;
    bool by_form = false;  ///< forms may be submitted twice; the text is then stored once

    authoring with_form() const noexcept { return {clock, renderer, true}; }
};

}  // namespace agora::api
