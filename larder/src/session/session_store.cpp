// SPDX-License-Identifier: MIT
// The session store: session ids, cookies and lifetimes. Storing is left to the backend (backend.hpp). A session's
// lifetime is its `cookie.originalMaxAge` if it has one, otherwise options_.ttl, counted from its last use; find()
// extends it at most once per options_.touch_every. Start reading at find() and save().
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <stdexcept>

#include "backend.hpp"
#include "cookie_signature.hpp"

namespace larder {

namespace asio = boost::asio;
using std::chrono::milliseconds;

namespace {

/// Returns 24 random bytes in base64url, like the npm package uid-safe.
std::string random_id()
{
    std::array<unsigned char, 24> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
        throw std::runtime_error{"OpenSSL returned no random bytes"};
    std::array<unsigned char, 33> text{};
    EVP_EncodeBlock(text.data(), bytes.data(), static_cast<int>(bytes.size()));
    std::string out{reinterpret_cast<const char*>(text.data()), 32};
    for (auto& c : out) c = c == '+' ? '-' : c == '/' ? '_' : c;
    return out;
}

/// Returns the lifetime from now: the one in the session's cookie, which Express may have set, or else `otherwise`.
std::chrono::seconds ttl_of(const json::members& data, std::chrono::seconds otherwise)
{
    return max_age_in(data).value_or(otherwise);
}

/// Returns the owner's id, which may be stored as a number or as a string; empty if there is no owner.
std::string owner_of(const json::members& data)
{
    if (auto text = data.get<std::string>(session::owner_field)) return *std::move(text);
    const auto number = data.get<std::int64_t>(session::owner_field);
    return number ? std::to_string(*number) : std::string{};
}

}  // namespace

std::optional<std::chrono::seconds> max_age_in(const json::members& data)
{
    const auto* text = data.find("cookie");
    if (text == nullptr) return std::nullopt;
    const auto cookie = json::members::parse(*text);
    const auto age = cookie ? cookie->get<std::int64_t>("originalMaxAge") : std::nullopt;
    if (!age || *age <= 0) return std::nullopt;
    return std::chrono::ceil<std::chrono::seconds>(capped_milliseconds{*age});
}

session_store::session_store(runtime& loops, const redis::options& o, session_options s)
    : options_{std::move(s)}, backend_{make_redis_sessions(loops, o, options_)}
{}
session_store::session_store(session_options s) : options_{std::move(s)}, backend_{make_memory_sessions(options_)} {}
session_store::~session_store() = default;

const session_options& session_store::options() const noexcept { return options_; }

std::string session_store::sign(std::string_view id) const
{
    if (options_.secrets.empty()) throw std::logic_error{"a session store without secrets cannot sign cookies"};
    return detail::sign_cookie(id, options_.secrets.front());
}

std::optional<std::string> session_store::verify(std::string_view cookie_value) const
{
    return detail::verify_cookie(cookie_value, options_.secrets);
}

session session_store::make() const
{
    json::members cookie;
    cookie.set("originalMaxAge", milliseconds{options_.ttl}.count());
    cookie.set("expires", wall() + options_.ttl);
    if (options_.cookie.secure) cookie.set("secure", true);
    cookie.set("httpOnly", true);
    cookie.set("path", "/");
    cookie.set("sameSite", options_.cookie.same_site);
    json::members data;
    data.set_text("cookie", cookie.text());
    return session{random_id(), std::move(data)};
}

std::shared_ptr<const session> session_store::try_find(std::string_view id)
{
    auto found = backend_->try_find(id);
    return found && !touch_is_due(*found) ? found : nullptr;
}

asio::awaitable<result<std::shared_ptr<const session>>> session_store::find(std::string id)
{
    auto found = co_await backend_->find(id);
    if (!found || !*found || !touch_is_due(**found)) co_return found;
    auto extended = std::make_shared<session>(**found);
    const auto ttl = ttl_of(extended->data(), options_.ttl);
    const auto touched = co_await backend_->touch(std::move(id), owner_of(extended->data()), ttl);
    // If this fails, the session is only not extended; the next request tries again.
    if (!touched) co_return found;
    extended->expires_at_ = steady() + ttl;
    extended->expiry_extended_ = true;
    co_return std::shared_ptr<const session>{std::move(extended)};
}

asio::awaitable<save_result> session_store::save(session s)
{
    renew_cookie(s);
    backend::record r{s.id(), s.data().text()};
    r.ttl = ttl_of(s.data(), options_.ttl);
    r.owner = owner_of(s.data());
    r.must_exist = s.stored();
    co_return co_await backend_->put(std::move(r));
}

asio::awaitable<result<session>> session_store::regenerate(session s)
{
    session fresh{random_id(), s.data()};
    renew_cookie(fresh);
    backend::record r{fresh.id(), fresh.data().text()};
    r.ttl = ttl_of(fresh.data(), options_.ttl);
    r.owner = owner_of(fresh.data());
    r.replaces = s.id();
    const auto done = co_await backend_->put(std::move(r));
    if (done != save_result::stored) co_return make_error_code(errc::unavailable);
    fresh.stored_ = true;
    co_return fresh;
}

asio::awaitable<result<void>> session_store::destroy(std::string id)
{
    // The owner is needed to remove the session from the owner's index, too.
    const auto found = co_await backend_->find(id);
    if (!found) co_return found.error();
    auto owner = *found ? owner_of((*found)->data()) : std::string{};
    std::vector<std::string> one{std::move(id)};
    co_return co_await backend_->remove(std::move(one), std::move(owner));
}

asio::awaitable<result<std::vector<session>>> session_store::of_user(std::string owner)
{
    auto all = co_await backend_->of_user(owner);
    // A session that was since saved for another owner may still be in the index of its former owner.
    if (all) std::erase_if(*all, [&](const session& s) { return owner_of(s.data()) != owner; });
    co_return all;
}

asio::awaitable<result<std::size_t>> session_store::destroy_all(std::string owner, std::string except)
{
    const auto all = co_await of_user(owner);
    if (!all) co_return all.error();
    std::vector<std::string> ids;
    for (const auto& s : *all)
        if (s.id() != except) ids.push_back(s.id());
    const auto count = ids.size();
    if (count == 0) co_return count;
    const auto done = co_await backend_->remove(std::move(ids), std::move(owner));
    if (!done) co_return done.error();
    co_return count;
}

asio::awaitable<void> session_store::close() { co_await backend_->close(); }

boot_time session_store::steady() const
{
    return (options_.time != nullptr ? *options_.time : system_clock()).steady();
}

timestamp session_store::wall() const { return (options_.time != nullptr ? *options_.time : system_clock()).wall(); }

bool session_store::touch_is_due(const session& s) const
{
    return s.expires_at() != boot_time::max() &&
           s.expires_at() - steady() < s.max_age_.value_or(options_.ttl) - options_.touch_every;
}

void session_store::renew_cookie(session& s) const
{
    const auto* text = s.data_.find("cookie");
    auto cookie = json::members::parse(text != nullptr ? std::string_view{*text} : "{}");
    if (!cookie) cookie = json::members{};
    const auto age = cookie->get<std::int64_t>("originalMaxAge");
    if (age) cookie->set("expires", wall() + capped_milliseconds{*age});
    s.data_.set_text("cookie", cookie->text());
}

}  // namespace larder
