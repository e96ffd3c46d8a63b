// SPDX-License-Identifier: MIT
// Answers repeated POSTs. The key is reserved in the database before the handler runs, so that of two that come at the
// same time one runs; its answer, success or refusal, is kept for a day. An answer of 500 or more is not kept: the key
// is free again. A key whose process died in between stays reserved: nobody knows whether the work was done, and the
// client is told so. Thread-safe.
#pragma once

#include <agora/http/idempotency.hpp>
#include <agora/storage/db.hpp>
#include <larder/clock.hpp>

namespace agora::storage {
class outbox;
}

namespace agora::idempotency {

namespace asio = boost::asio;

class keys final : public http::idempotency {
 public:
    /// Requires: both outlive this.
    keys(storage::outbox& changes, const larder::clock& clock) : changes_{changes}, clock_{clock} {}
    asio::awaitable<http::response> answer(const http::request& r, http::invoker& handler) override;

 private:
    struct known;
    class order;
    asio::awaitable<std::optional<known>> reserve(const order& o);
    asio::awaitable<void> keep(const order& o, const http::response& answer);
    asio::awaitable<void> release(const order& o);

    storage::outbox& changes_;
    const larder::clock& clock_;
};

}  // namespace agora::idempotency
