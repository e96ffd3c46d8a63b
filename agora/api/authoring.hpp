// SPDX-License-Identifier: MIT
// What storing a written text needs besides the store: a clock and the Markdown renderer. Trivially destructible, so it
// may be a temporary in a co_await expression (docs/decisions/0005-coroutines.md).
#pragma once

#include <agora/markup/renderer.hpp>
#include <larder/clock.hpp>

namespace agora::api {

struct authoring {
    const larder::clock& clock;
    markup::renderer& renderer;
};

}  // namespace agora::api
