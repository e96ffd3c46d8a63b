// SPDX-License-Identifier: MIT
// Everything that a slice gets: references to the parts that all slices share, and the lists in which a slice registers
// what it takes part in. A slice reads and fills it in its constructor and keeps only the references it needs; all of
// them outlive the slices. Not thread-safe: slices are constructed one after another, before the first request.
#pragma once

#include <agora/http/router.hpp>
#include <agora/markup/renderer.hpp>
#include <agora/services/erasure.hpp>
#include <agora/site/site.hpp>
#include <agora/storage/cursor.hpp>
#include <agora/storage/outbox.hpp>
#include <larder/cache.hpp>
#include <larder/clock.hpp>
#include <larder/limit.hpp>
#include <larder/session.hpp>

namespace agora {

struct services {
    storage::outbox& outbox;  ///< writes, with their invalidations; outbox.db() reads
    larder::cache& cache;
    larder::limiter& limits;
    larder::session_store& sessions;
    http::router& routes;
    site::site& site;
    const storage::cursor_signer& cursors;
    markup::renderer& renderer;
    const larder::clock& clock;

    author_erasers erasure{};            ///< run when an account is deleted, and when a member's picture changes
    account_removers account_removal{};  ///< run when an account is deleted
};

}  // namespace agora
