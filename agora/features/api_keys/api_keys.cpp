// SPDX-License-Identifier: MIT
// Which API keys may be created, and their routes. The constructor lists the routes; create_key() checks a request and
// makes the key, whose hash goes to the store.
#include <agora/api/text.hpp>
#include <agora/api/visible_text.hpp>
#include <agora/credentials/secrets.hpp>
#include <agora/features/api_keys/api_keys.hpp>
#include <agora/services/services.hpp>

namespace agora::api_keys {
namespace {

/// Returns whether the key is read-only. Problems are appended to `errors`.
bool read_scopes(const api_key_request& r, std::vector<field_error>& errors)
{
    bool read_only = true;
    if (!r.scopes) return read_only;
    for (std::size_t i = 0; i < r.scopes->size(); ++i) {
        const auto& s = (*r.scopes)[i];
        if (s == "write") read_only = false;
        if (s != "read" && s != "write")
            errors.emplace_back("scopes[" + std::to_string(i) + "]", field_codes::unknown, "must be read or write");
    }
    if (r.scopes->empty()) errors.emplace_back("scopes", field_codes::required, "must name read, or read and write");
    return read_only;
}

}  // namespace

grant limited_by(grant requested, const grant& parent)
{
    requested.read_only = requested.read_only || parent.read_only;
    if (parent.ends) requested.ends = std::min(requested.ends.value_or(*parent.ends), *parent.ends);
    return requested;
}

slice::slice(services& s) : store_{make_store(s.outbox)}, clock_{s.clock}, pages_{make_pages(s, *this)}
{
    s.cache.declare(key_owners);
    s.account_removal.push_back(&remove_keys);
    s.routes.section("accounts");
    s.routes.get("/api/api-keys", &slice::list, *this)
        .named("list_api_keys", "The own API keys")
        .describe("The keys without their secrets.");
    s.routes.post("/api/api-keys", &slice::create, *this)
        .shown_once()
        .named("create_api_key", "Create an API key")
        .describe(
            "The key is shown once. A key that is created with another key can do no more than that one, and ends no "
            "later.")
        .fails(problems::too_many_keys);
    s.routes.del("/api/api-keys/{id}", &slice::revoke, *this)
        .named("revoke_api_key", "Revoke an API key")
        .describe("Also revokes the keys that were created with it.")
        .path_params("The id of the key.")
        .fails(problems::not_found);
}

asio::awaitable<outcome<new_api_key>> slice::create_key(std::int64_t user_id, std::int64_t parent,
                                                        const api_key_request& r)
{
    std::vector<field_error> errors;
    key_content c;
    c.name = api::tidied(r.name);
    api::check_length("name", c.name, max_key_name, errors);
    if (api::has_hidden_characters(c.name))
        errors.emplace_back("name", field_codes::invalid, "must be one line of visible characters");
    c.allowed.read_only = read_scopes(r, errors);
    if (r.expires_in_days && (*r.expires_in_days < 1 || *r.expires_in_days > max_key_days))
        errors.emplace_back("expires_in_days", field_codes::out_of_range, "must be 1 to 3650");
    if (!errors.empty()) co_return failure::invalid(std::move(errors));

    const auto key = std::string{key_prefix} + credentials::random_secret();
    c.hash = credentials::hash_of_secret(key);
    const auto now = clock_.wall();
    if (r.expires_in_days) c.allowed.ends = now + std::chrono::hours{24 * *r.expires_in_days};
    auto stored = co_await store_->insert(user_id, parent, c, now);
    if (!stored) co_return stored.error();
    new_api_key made;
    static_cast<api_key&>(made) = *std::move(stored);
    made.key = key;
    co_return made;
}

asio::awaitable<outcome<http::created<new_api_key>>> slice::create(http::member who,
                                                                   const http::body<api_key_request>& r)
{
    auto made = co_await create_key(who.id, who.key_id, *r);
    if (!made) co_return made.error();
    const auto location = "/api/api-keys/" + std::to_string(made->id);
    co_return http::created<new_api_key>{location, *std::move(made)};
}

asio::awaitable<outcome<api_key_list>> slice::list(http::member who)
{
    api_key_list keys;
    keys.data = co_await store_->of_user(who.id);
    co_return keys;
}

asio::awaitable<outcome<void>> slice::revoke(http::member who, const http::path<std::int64_t>& id)
{
    return store_->revoke(who.id, *id, clock_.wall());
}

}  // namespace agora::api_keys
