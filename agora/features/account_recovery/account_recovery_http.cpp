// SPDX-License-Identifier: MIT
// The routes of account_recovery.hpp; the constructor lists them with their limits. Requests for emails are answered
// the same whether or not an email is sent.
#include <agora/credentials/problem_codes.hpp>
#include <agora/features/account_recovery/account_recovery.hpp>
#include <agora/services/services.hpp>

namespace agora::account_recovery {

using namespace std::chrono_literals;
using http::limited_by;

slice::slice(services& s, accounts::slice& accounts, api_keys::slice& keys, security_events::slice& events,
             std::string public_url)
    : store_{make_store(s.outbox)},
      accounts_{accounts},
      api_keys_{keys},
      events_{events},
      sessions_{s.sessions},
      email_limit_{s.limits.limit({.name = "mails", .quota = 5, .window = 30min})},
      attempts_{s.limits.limit({.name = "recoveries", .quota = 20, .window = 30min})},
      confirmations_{s.limits.limit({.name = "confirmations", .quota = 20, .window = 30min})},
      public_url_{std::move(public_url)},
      clock_{s.clock},
      pages_{make_pages(s, *this, accounts)}
{
    accounts.on_new_password(&void_requests);
    s.account_removal.push_back(&remove_emails);
    s.routes.section("accounts");
    s.routes.post("/api/auth/password/forgot", &slice::forgot, *this)
        .body_limit(16 * 1024)
        .limit(attempts_, limited_by::address)
        .without_cookies()
        .named("forgot_password", "Request an email for a new password")
        .describe("The response is the same whether the address has an account or not.");
    s.routes.post("/api/auth/password/reset", &slice::set_forgotten, *this)
        .body_limit(16 * 1024)
        .limit(attempts_, limited_by::address)
        .without_cookies()
        .named("reset_password", "Set a new password")
        .describe("Takes the token from the email. Ends all sign-ins.")
        .fails(problems::bad_token, problems::password_changed, problems::too_many_sign_ins);
    s.routes.post("/api/auth/verify-email", &slice::verify_address, *this)
        .body_limit(16 * 1024)
        .limit(attempts_, limited_by::address)
        .without_cookies()
        .named("verify_email", "Verify the e-mail address")
        .describe("Takes the token from the email.")
        .fails(problems::bad_token, problems::email_taken);
    s.routes.post("/api/auth/resend-verification", &slice::resend, *this)
        .body_limit(16 * 1024)
        .limit(attempts_, limited_by::address)
        .named("resend_verification", "Request the verification email again")
        .describe("Nothing is sent when the address is verified already.");
    s.routes.put("/api/auth/email", &slice::request_change, *this)
        .body_limit(16 * 1024)
        .shown_once()
        .named("change_email", "Request another e-mail address")
        .describe(
            "It takes effect when the link in the email to the new address is followed. The old address gets an email, "
            "too.")
        .fails(problems::no_account, problems::too_many_emails, problems::too_many_tries, problems::too_many_sign_ins);
    s.routes.post("/api/auth/email/confirm", &slice::confirm_address, *this)
        .body_limit(16 * 1024)
        .shown_once()
        .without_cookies()
        .limit(confirmations_, limited_by::address)
        .named("confirm_email", "Confirm the new e-mail address")
        .describe("Takes the token from the email.")
        .fails(problems::bad_token, problems::email_taken);
}

/// The response is the same for every address, and also if too many emails were requested and none is sent.
asio::awaitable<slice::message> slice::forgot(http::anyone, const http::body<forgotten>& b,
                                              const http::client_info& from)
{
    const auto address = accounts::normalized_email(b->email);
    std::string login;
    if (address.find('@') != std::string::npos) login = address;  // here a username names no account
    co_await ask_reset_within_limit(login, from);
    recovery_message m;
    m.message = "if this address has an account, an email is being sent to it";
    co_return http::accepted<recovery_message>{std::move(m)};
}

asio::awaitable<outcome<void>> slice::set_forgotten(http::anyone, const http::body<new_password>& b,
                                                    const http::client_info& from)
{
    const auto whose = co_await reset(b->token, b->new_password, from);
    if (!whose) co_return whose.error();
    // The new password has invalidated the member's sessions; this deletes them from the store.
    co_await sessions_.destroy_all(std::to_string(*whose));
    co_return outcome<void>{};
}

asio::awaitable<outcome<void>> slice::verify_address(http::anyone, const http::body<verification>& b,
                                                     const http::client_info& from)
{
    return verify(b->token, from);
}

asio::awaitable<slice::message> slice::resend(http::member who)
{
    const auto place = co_await email_limit_.take("user:" + std::to_string(who.id));
    if (place.allowed) co_await store_->queue_verification(who.id, clock_.wall());
    recovery_message m;
    m.message = "if your address is not verified yet, an email is being sent to it";
    co_return http::accepted<recovery_message>{std::move(m)};
}

asio::awaitable<slice::message> slice::request_change(http::member who, const http::body<email_change>& b,
                                                      const http::client_info& from)
{
    const auto done = co_await ask_change(who.id, *b, from);
    if (!done) co_return done.error();
    recovery_message m;
    m.message = "an email is being sent to the new address; your address changes when you follow its link";
    co_return http::accepted<recovery_message>{std::move(m)};
}

asio::awaitable<outcome<void>> slice::confirm_address(http::anyone, const http::body<verification>& b,
                                                      const http::client_info& from)
{
    return confirm_change(b->token, from);
}

}  // namespace agora::account_recovery
