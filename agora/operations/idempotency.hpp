// SPDX-License-Identifier: MIT
// Answers repeated POSTs. A key belongs to a member, or to the network of a guest. It is reserved in the database
// before the handler runs, so that of two requests that come at the same time one runs; its answer, success or refusal,
// is kept for a day. A refusal for the moment (429, or 500 and above) is not kept: the key is free again. Of an answer
// that hands out a secret only the fact is kept. A key whose process died in between stays reserved: nobody knows
// whether the work was done, and the client is told so. Thread-safe.
#pragma once

#include <agora/http/idempotency.hpp>
#include <agora/storage/db.hpp>
#include <larder/clock.hpp>
#include <larder/limit.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace agora::storage {
class outbox;
}

namespace agora::idempotency {

namespace asio = boost::asio;

class keys final : public http::idempotency {
 public:
    /// `secret_key` keys the fingerprints of requests, which hold passwords; `guests` limits the keys of each network.
    /// Requires: all references outlive this.
    keys(storage::outbox& outbox, const larder::clock& clock, std::string_view secret_key, larder::rate_limit& guests)
        : outbox_{outbox}, clock_{clock}, secret_{secret_key}, guests_{guests}
    {}
    asio::awaitable<http::response> answer(const http::request& r, const http::route& to) override;

 private:
    struct known;
    class order;
    asio::awaitable<std::optional<known>> reserve(const order& o);
    asio::awaitable<void> keep(const order& o, const http::response& answer);
    asio::awaitable<void> release(const order& o);

    asio::awaitable<std::optional<http::response>> refuse_guest(const http::request& r);
    asio::awaitable<http::response> run(const http::request& r, const http::route& to, const order& o);
    static http::response repeat(const http::request& r, const http::route& to, known before, const order& o);

    storage::outbox& outbox_;
    const larder::clock& clock_;
    const std::string secret_;
    larder::rate_limit& guests_;
};

}  // namespace agora::idempotency
