// SPDX-License-Identifier: MIT
// Builds the application: the constructor creates every slice in the order of the members, because later ones refer to
// earlier ones.
#include <agora/application/application.hpp>
#include <agora/application/database_failure.hpp>
#include <agora/credentials/problem_codes.hpp>
#include <agora/credentials/secrets.hpp>
#include <agora/features/authentication/decision.hpp>
#include <agora/http/problem_codes.hpp>

namespace agora::application {

namespace {

/// The problems that the slices have in common, for the documentation.
http::shared_problems shared_problems()
{
    namespace p = problems;
    static constexpr http::problem_list<6> credentials{&p::bad_credentials, &p::several_credentials, &p::invalid_token,
                                                       &p::token_expired,   &p::invalid_key,         &p::signed_out};
    static constexpr http::problem_list<1> cookies{&p::csrf};
    static constexpr http::problem_list<6> idempotency{&p::bad_idempotency_key, &p::idempotency_key_reused,
                                                       &p::still_running,       &p::outcome_unknown,
                                                       &p::already_done,        &p::too_many_idempotency_keys};
    static constexpr http::problem_list<4> dependencies{&p::read_only, &p::storage_full, &p::busy, &p::timeout};
    return {credentials, cookies, idempotency, dependencies};
}

credentials::key_ring or_random_key(credentials::key_ring keys)
{
    if (keys.empty())
        keys.emplace_back("", credentials::algorithm::hs256, credentials::random_id() + credentials::random_id());
    return keys;
}

/// The origin of an http or https URL, such as "https://example.org:8443" (RFC 6454 6.2).
std::string origin_of(std::string_view url)
{
    const auto host = url.find("://");
    if (host == std::string_view::npos) return {};
    return std::string{url.substr(0, url.find('/', host + 3))};
}

std::unique_ptr<larder::session_store> or_in_memory(std::unique_ptr<larder::session_store> s)
{
    if (s) return s;
    larder::session_options o;
    o.secrets = {credentials::random_id() + credentials::random_id()};
    return std::make_unique<larder::session_store>(std::move(o));
}

}  // namespace

application::application(storage::database& db, larder::cache& cache, application_options o)
    : limits_{o.state},
      site_{routes_,
            cache,
            {o.site.name, o.site.address,
             o.site.external_images ? markup::foreign_pictures::show : markup::foreign_pictures::link}},
      docs_{routes_, cache, site_, o.authenticator.cookie, shared_problems()},
      outbox_{db, cache},
      cursors_{o.secret_key},
      proxies_{std::move(o.proxies)},
      origin_{origin_of(o.site.address)},
      own_host_is_trusted_{!o.site.production},
      session_store_{or_in_memory(std::move(o.sessions))},
      idempotency_{
          outbox_, larder::system_clock(), o.secret_key,
          limits_.limit({.name = "guests_keys", .quota = 300, .window = std::chrono::hours{1}, .approximate = true})},
      services_{outbox_, cache, limits_, *session_store_, routes_, site_, cursors_, renderer_, larder::system_clock()},
      users_{services_},
      posts_{services_, users_},
      comments_{services_, posts_},
      categories_{services_, posts_},
      discovery_{services_, posts_, categories_, std::move(o.site.security_contact)},
      security_events_{services_},
      accounts_{services_, users_, security_events_},
      api_keys_{services_},
      sign_ins_{services_, accounts_, security_events_, or_random_key(std::move(o.keys)), o.registration},
      authenticator_{services_, accounts_, api_keys_, sign_ins_, std::move(o.authenticator)},
      sessions_{services_, sign_ins_, accounts_, security_events_, authenticator_},
      account_recovery_{services_, accounts_, api_keys_, security_events_, std::move(o.site.address)},
      account_deletion_{services_, accounts_, security_events_, authenticator_},
      demo_{services_, o.redis},
      health_{services_, o.watches, o.loops, o.draining},
      metrics_{services_, {o.redis, o.watches.redis}, o.traffic},
      warming_{routes_, o.spawn, o.draining},
      admin_{services_, {o.redis, o.watches.redis}, warming_}
{
    routes_.map_exceptions(&database_failure);
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

}  // namespace agora::application
