// SPDX-License-Identifier: MIT
// Answers repeated POST requests that carry an Idempotency-Key. A key belongs to a member, or to the network of a
// guest. It is reserved in the database before the handler runs, so only one of two simultaneous requests runs. Its
// response, success or error, is kept for a day. A temporary failure (429, or 500 and above) is not kept; the key is
// then free again. If the response contains a secret, only the fact that the request succeeded is kept. If the process
// dies in between, the key stays reserved: it is unknown whether the request took effect, and the client gets an error
// that says so. Thread-safe.
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

namespace agora::problems {

inline const problem_code bad_idempotency_key{
    "bad_idempotency_key", 400, "Idempotency-Key is empty, too long, or has characters that it may not have.",
    "Send 1 to 255 visible ASCII characters, such as a random UUID."};
inline const problem_code idempotency_key_reused{"idempotency_key_reused", 422,
                                                 "The Idempotency-Key has been used for another request.",
                                                 "Use a new key for each request, and the same key only to repeat it."};
inline const problem_code still_running{"still_running", 409,
                                        "The first request with this Idempotency-Key is still running.",
                                        "Wait a moment, then repeat the request with the same key."};
inline const problem_code outcome_unknown{
    "outcome_unknown", 409, "The first request with this Idempotency-Key was interrupted. It may have taken effect.",
    "Check whether it took effect. If not, send it with a new key."};
inline const problem_code already_done{
    "already_done", 409,
    "The first request with this Idempotency-Key has succeeded. Its response contained a secret and was not stored.",
    "If the response was lost, send the request with a new key, and revoke the lost secret."};
inline const problem_code too_many_idempotency_keys{"too_many_idempotency_keys", 429,
                                                    "Too many requests with an Idempotency-Key came from this network.",
                                                    "Wait for the seconds in Retry-After, sign in, or omit the key."};

}  // namespace agora::problems

namespace agora::idempotency {

namespace asio = boost::asio;

class keys final : public http::idempotency {
 public:
    /// `secret_key` is the key of the requests' fingerprints, because requests contain passwords. `guests` limits the
    /// number of keys per network. Requires: all references outlive this object.
    keys(storage::outbox& outbox, const larder::clock& clock, std::string_view secret_key, larder::rate_limit& guests)
        : outbox_{outbox}, clock_{clock}, secret_{secret_key}, guests_{guests}
    {}
    asio::awaitable<http::response> answer(const http::request& r, const http::route& to) override;

 private:
    struct stored_result;
    class keyed_request;
    asio::awaitable<std::optional<stored_result>> reserve(const keyed_request& o);
    asio::awaitable<void> store(const keyed_request& o, const http::response& answer);
    asio::awaitable<void> release(const keyed_request& o);

    asio::awaitable<std::optional<http::response>> limit_guest(const http::request& r);
    asio::awaitable<http::response> run(const http::request& r, const http::route& to, const keyed_request& o);
    static http::response replay(const http::request& r, const http::route& to, stored_result before,
                                 const keyed_request& o);

    storage::outbox& outbox_;
    const larder::clock& clock_;
    const std::string secret_;
    larder::rate_limit& guests_;
};

}  // namespace agora::idempotency
