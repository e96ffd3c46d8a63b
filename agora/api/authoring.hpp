// SPDX-License-Identifier: MIT
// What writing a text takes beside the store that keeps it. Trivially destructible: it may stand in a co_await
// expression.
#pragma once

#include <agora/markup/renderer.hpp>
#include <larder/clock.hpp>

namespace agora::api {

struct authoring {
    const larder::clock& clock;
    markup::renderer& renderer;
};

}  // namespace agora::api
