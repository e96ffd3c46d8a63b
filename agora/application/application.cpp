// SPDX-License-Identifier: MIT
// Builds the application: the constructor creates every store, service and handler in the order of the members, because
// later ones refer to earlier ones; then add_routes() (routes.cpp) fills the route table.
#include <agora/application/application.hpp>
#include <agora/application/database_failure.hpp>
#include <agora/http/openapi.hpp>
#include <agora/version.hpp>

namespace agora::application {

const std::string& openapi_api::text()
{
    // Built for the first request, because only then is the route table complete.
    std::call_once(made_, [this] { document_ = http::make_openapi(routes_, {"agora", version, session_cookie_}); });
    return document_;
}

http::response openapi_api::document()
{
    http::response answer{200, http::json_type, text()};
    answer.cacheable = true;
    answer.cache_control = "public, max-age=0, must-revalidate";
    return answer;
}

namespace {

auth::key_ring or_unknown(auth::key_ring keys)
{
    if (keys.empty()) keys.emplace_back("", auth::algorithm::hs256, auth::random_id() + auth::random_id());
    return keys;
}

std::unique_ptr<larder::session_store> or_in_memory(std::unique_ptr<larder::session_store> s)
{
    if (s) return s;
    larder::session_options o;
    o.secrets = {auth::random_id() + auth::random_id()};
    return std::make_unique<larder::session_store>(std::move(o));
}

}  // namespace

application::application(storage::database& db, larder::cache& cache, application_options o)
    : cache_{cache},
      limits_{o.state},
      openapi_{routes_, o.authenticator.cookie},
      outbox_{db, cache},
      cursors_{o.secret_key},
      proxies_{std::move(o.proxies)},
      keys_{or_unknown(std::move(o.keys))},
      sessions_{or_in_memory(std::move(o.sessions))},
      auth_limits_{limits_},
      networks_{outbox_, larder::system_clock()},
      attempts_{auth_limits_.tries, auth_limits_.account_tries, networks_},
      accounts_store_{auth::make_accounts_store(outbox_)},
      accounts_{*accounts_store_, hasher_, keys_, attempts_, larder::system_clock()},
      idempotency_{
          outbox_, larder::system_clock(), o.secret_key,
          limits_.limit({.name = "guests_keys", .quota = 300, .window = std::chrono::hours{1}, .approximate = true})},
      services_{outbox_, cache, limits_, routes_, cursors_, renderer_, larder::system_clock()},
      users_{services_},
      posts_{services_, users_},
      comments_{services_, posts_},
      categories_{services_, posts_},
      api_keys_{outbox_, larder::system_clock()},
      authenticator_{accounts_, api_keys_, cache, *sessions_, std::move(o.authenticator)},
      auth_{accounts_, users_.store(), authenticator_, *sessions_, o.registration},
      api_keys_api_{api_keys_},
      auth_admin_{accounts_, users_.store(), cursors_},
      account_deletion_{outbox_, accounts_, services_.erasure},
      account_deletion_api_{account_deletion_, authenticator_, *sessions_},
      recovery_{outbox_, accounts_, auth_limits_.mails, std::move(o.public_url)},
      recovery_api_{recovery_, *sessions_, auth_limits_.mails},
      email_change_{outbox_, accounts_, auth_limits_.mails},
      email_change_api_{email_change_},
      demo_{services_, o.redis},
      health_{services_, o.watches, o.loops, o.draining},
      metrics_{services_, {o.redis, o.watches.redis}, o.traffic},
      warming_{routes_, o.spawn, o.draining},
      admin_{services_, {o.redis, o.watches.redis}, warming_}
{
    routes_.map_exceptions(&database_failure);
    add_routes();
    limit_changes();
}

/// Limits writing requests. An API key has a limit of its own, so a runaway program cannot exhaust its owner's.
void application::limit_changes()
{
    using std::chrono::minutes;
    auto& programs = limits_.limit({.name = "changes_by_key", .quota = 60, .window = minutes{1}, .approximate = true});
    auto& members = limits_.limit({.name = "changes", .quota = 300, .window = minutes{5}, .approximate = true});
    routes_.limit_changes(programs, http::limited_by::key);
    routes_.limit_changes(members, http::limited_by::user);
}

void application::warm(std::size_t most)
{
    http::warm_order order;
    order.most = most;
    warming_.start(std::move(order));
}

}  // namespace agora::application
