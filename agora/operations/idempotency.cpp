// SPDX-License-Identifier: MIT
// Idempotency keys. answer() is the entry point: reserve() inserts the key's row or finds the earlier one; run() calls
// the handler and stores its response; replay() answers from the earlier row. Invariant: the row is committed before
// the handler runs, so at most one of several simultaneous requests runs it.
#include <sodium/crypto_auth_hmacsha256.h>
#include <agora/http/client_address.hpp>
#include <agora/http/problem.hpp>
#include <agora/http/router.hpp>
#include <agora/operations/idempotency.hpp>
#include <agora/storage/outbox.hpp>
#include <array>
#include <larder/hex.hpp>

namespace agora::idempotency {

using namespace std::chrono_literals;

namespace {

constexpr auto retention = 24h;
constexpr auto max_run_time = 60s;  // longer than any request takes; after that, its process must have died

/// An HMAC, because a plain hash would let a reader of the database guess passwords in the body by trial.
std::string fingerprint_of(const http::request& r, std::string_view secret)
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(secret.data()), secret.size());
    for (const std::string_view part : {std::string_view{"idempotency\n"}, r.method_token, std::string_view{" "},
                                        r.path, std::string_view{"?"}, r.query, std::string_view{"\n"}, r.body})
        crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(part.data()), part.size());
    std::array<unsigned char, crypto_auth_hmacsha256_BYTES> hash{};
    crypto_auth_hmacsha256_final(&state, hash.data());
    return larder::to_hex(hash);
}

std::string scope_of(const http::request& r)
{
    return r.caller.user_id != 0 ? "user:" + std::to_string(r.caller.user_id)
                                 : "guest:" + http::client_network(r.client);
}

/// Whether the response may be stored for a repeat. A temporary failure may not, because the next attempt must run.
bool is_final(unsigned status) noexcept { return status < 500 && status != 429; }

bool is_secret(const http::route& to, unsigned status) noexcept { return to.returns_secrets && status < 300; }

/// Returns a static text equal to the stored content type, because responses refer to static text.
std::string_view static_content_type(std::string_view stored) noexcept
{
    constexpr std::string_view problem = "application/problem+json";
    if (stored == problem) return problem;
    return stored.empty() ? std::string_view{} : http::json_type;
}

}  // namespace

/// The stored result of the first request with a key.
struct keys::stored_result {
    std::string fingerprint;
    std::int64_t status;  ///< 0: not known
    std::string content_type;
    std::string location;
    std::int64_t version;
    std::string body;
    larder::timestamp created_at;
    BOOST_DESCRIBE_CLASS(stored_result, (), (fingerprint, status, content_type, location, version, body, created_at),
                         (), ())
};

/// One request that carries a key.
class keys::keyed_request {
 public:
    keyed_request(const http::request& r, std::string key, std::string_view secret, larder::timestamp at)
        : scope{scope_of(r)}, name{std::move(key)}, fingerprint{fingerprint_of(r, secret)}, now{at}
    {}
    std::string scope;
    std::string name;
    std::string fingerprint;
    larder::timestamp now;
};

asio::awaitable<std::optional<keys::stored_result>> keys::reserve(const keyed_request& o)
{
    co_return co_await outbox_.write(
        [&](storage::session& s, storage::invalidations&) -> asio::awaitable<std::optional<stored_result>> {
            co_await s.exec("DELETE FROM idempotent_requests WHERE created_at < $1", o.now - retention);
            const auto mine = co_await s.exec(
                "INSERT INTO idempotent_requests (scope, name, fingerprint, created_at) VALUES ($1, $2, $3, $4)"
                " ON CONFLICT DO NOTHING",
                std::string_view{o.scope}, std::string_view{o.name}, std::string_view{o.fingerprint}, o.now);
            if (mine == 1) co_return std::nullopt;
            co_return co_await s.first<stored_result>(
                "SELECT fingerprint, status, content_type, location, version, body, created_at FROM idempotent_requests"
                " WHERE scope = $1 AND name = $2",
                std::string_view{o.scope}, std::string_view{o.name});
        });
}

asio::awaitable<void> keys::store(const keyed_request& o, const http::response& answer)
{
    std::string location;
    for (const auto& [field, value] : answer.headers)
        if (field == "Location") location = value;
    const auto status = static_cast<std::int64_t>(answer.status);
    co_await outbox_.write([&](storage::session& s, storage::invalidations&) {
        return s.exec(
            "UPDATE idempotent_requests SET status = $3, content_type = $4, location = $5, version = $6, body = $7"
            " WHERE scope = $1 AND name = $2",
            std::string_view{o.scope}, std::string_view{o.name}, status, answer.content_type,
            std::string_view{location}, answer.version, std::string_view{answer.body});
    });
}

asio::awaitable<void> keys::release(const keyed_request& o)
{
    co_await outbox_.write([&](storage::session& s, storage::invalidations&) {
        return s.exec("DELETE FROM idempotent_requests WHERE scope = $1 AND name = $2", std::string_view{o.scope},
                      std::string_view{o.name});
    });
}

/// Limits the keys of guests, because anyone can invent keys, and each of them is stored as a row.
asio::awaitable<std::optional<http::response>> keys::limit_guest(const http::request& r)
{
    if (r.caller.user_id != 0) co_return std::nullopt;
    const auto d = co_await guests_.take(http::client_network(r.client));
    if (d.allowed) co_return std::nullopt;
    failure f{problems::too_many_idempotency_keys,
              "too many requests with an Idempotency-Key; wait, sign in, or omit the key"};
    f.retry_after = std::chrono::ceil<std::chrono::seconds>(d.retry_after);
    co_return http::problem(r, f);
}

asio::awaitable<http::response> keys::run(const http::request& r, const http::route& to, const keyed_request& o)
{
    http::response made;
    std::exception_ptr failed;
    try {
        made = co_await to.handler->async(r);
    } catch (...) {
        failed = std::current_exception();
    }
    if (failed || !is_final(made.status)) {
        co_await release(o);
    } else if (is_secret(to, made.status)) {
        http::response status_only;
        status_only.status = made.status;
        co_await store(o, status_only);
    } else {
        co_await store(o, made);
    }
    if (failed) std::rethrow_exception(failed);
    co_return made;
}

http::response keys::replay(const http::request& r, const http::route& to, stored_result before, const keyed_request& o)
{
    if (before.fingerprint != o.fingerprint) {
        return http::problem(r, problems::idempotency_key_reused,
                             "this Idempotency-Key has been used for another request; use a new key for each request");
    }
    if (before.status == 0) {
        const bool running = o.now - before.created_at < max_run_time;
        return running ? http::problem(r, problems::still_running,
                                       "the first request with this key is still running; try again")
                       : http::problem(r, problems::outcome_unknown,
                                       "the first request with this key was interrupted; check whether it took effect");
    }
    const auto status = static_cast<unsigned>(before.status);
    if (is_secret(to, status)) {
        return http::problem(
            r, problems::already_done,
            "the first request with this key has succeeded; its response contained a secret and was not stored");
    }
    http::response again{status, static_content_type(before.content_type), std::move(before.body)};
    again.version = before.version;
    if (!before.location.empty()) again.headers.emplace_back("Location", std::move(before.location));
    again.headers.emplace_back("Idempotency-Replayed", "true");
    return again;
}

asio::awaitable<http::response> keys::answer(const http::request& r, const http::route& to)
{
    auto key = *http::idempotency_key(r);
    if (key.empty())
        co_return http::problem(r, problems::bad_idempotency_key,
                                "Idempotency-Key must be 1 to 255 visible ASCII characters");
    auto refusal = co_await limit_guest(r);
    if (refusal) co_return *std::move(refusal);
    const keyed_request o{r, std::move(key), secret_, clock_.wall()};
    auto before = co_await reserve(o);
    if (before) co_return replay(r, to, *std::move(before), o);
    co_return co_await run(r, to, o);
}

}  // namespace agora::idempotency
