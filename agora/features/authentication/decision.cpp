// SPDX-License-Identifier: MIT
// See decision.hpp. Start at decide(), which calls the function for the kind of credential that was sent. Each of
// these returns as soon as a fact is missing, so that later facts are not looked up needlessly.
#include <agora/credentials/problem_codes.hpp>
#include <agora/features/authentication/decision.hpp>
#include <agora/features/users/users.hpp>
#include <agora/http/problem_codes.hpp>

namespace agora::authentication {
namespace {

using http::credential;

decision refused(refusal why)
{
    decision d;
    d.refusal = why;
    return d;
}

decision lacks(missing what, std::int64_t account_id = 0)
{
    decision d;
    d.missing = what;
    d.account_id = account_id;
    return d;
}

/// The sender is unknown, because a fact cannot be looked up at the moment.
decision cannot_tell()
{
    decision d;
    d.caller.unknown = true;
    return d;
}

decision member(std::int64_t id, const accounts::account_status& account, credential by)
{
    decision d;
    d.caller.user_id = id;
    d.caller.role = account.rank;
    d.caller.by = by;
    return d;
}

decision by_operator(const request_facts& f)
{
    decision d;
    d.caller.user_id = f.operator_id;
    d.caller.role = http::role::admin;
    d.caller.by = credential::operator_token;
    return d;
}

decision by_access_token(const request_facts& f)
{
    if (f.token_can_end) {
        if (f.sign_in_owner.unknown()) return lacks(missing::sign_in);
        if (f.sign_in_owner.unreachable()) return cannot_tell();
        if (f.sign_in_owner.value() != f.token_owner) return refused(refusal::signed_out);
    }
    if (f.account.unknown()) return lacks(missing::account, f.token_owner);
    if (f.account.unreachable()) return cannot_tell();
    if (!f.account.value().active) return refused(refusal::signed_out);
    return member(f.token_owner, f.account.value(), credential::access_token);
}

decision by_api_key(const request_facts& f)
{
    if (f.key.unknown()) return lacks(missing::key);
    if (f.key.unreachable()) return cannot_tell();
    const auto& key = f.key.value();
    if (!key || (key->expires_at && *key->expires_at <= f.now)) return refused(refusal::invalid_key);
    if (f.account.unknown()) return lacks(missing::account, key->user_id);
    if (f.account.unreachable()) return cannot_tell();
    if (!f.account.value().active) return refused(refusal::invalid_key);
    auto d = member(key->user_id, f.account.value(), credential::api_key);
    d.caller.read_only = key->read_only;
    d.caller.key_id = key->id;
    return d;
}

/// The first cookie whose session is valid authenticates the request. The CSRF check comes last, so that an invalid
/// cookie never causes a refusal.
decision by_cookie(const request_facts& f)
{
    if (f.ignores_cookies) return {};
    if (f.cookie.unknown()) return lacks(missing::cookie);
    if (!f.cookie.value()) return {};
    if (f.session.unknown()) return lacks(missing::session);
    if (f.session.unreachable()) return cannot_tell();
    const auto& session = f.session.value();
    if (!session || session->owner <= 0) return lacks(missing::cookie);
    if (f.account.unknown()) return lacks(missing::account, session->owner);
    if (f.account.unreachable()) return cannot_tell();
    const auto& account = f.account.value();
    const bool before_new_password = session->signed_in && *session->signed_in < account.since;
    if (!account.active || before_new_password) return lacks(missing::cookie);
    auto d = f.safe || session->proven ? member(session->owner, account, credential::session) : refused(refusal::csrf);
    d.session_counts = true;
    return d;
}

}  // namespace

decision decide(const request_facts& f)
{
    switch (f.authorization) {
        case authorization::none:
            return by_cookie(f);
        case authorization::unsupported_scheme:
            return refused(refusal::unsupported_scheme);
        case authorization::several:
            return refused(refusal::several_credentials);
        case authorization::invalid_token:
            return refused(refusal::invalid_token);
        case authorization::expired_token:
            return refused(refusal::expired_token);
        case authorization::operator_token:
            return by_operator(f);
        case authorization::access_token:
            return by_access_token(f);
        case authorization::api_key:
            return by_api_key(f);
    }
    return refused(refusal::invalid_token);
}

failure failure_of(refusal r)
{
    // RFC 6750 3.1: the challenge names an invalid token as the reason. If the request used another scheme, the
    // challenge only says which scheme is accepted.
    const auto no_token = [](const problem_code& code, std::string detail) {
        failure f{code, std::move(detail)};
        f.challenge = R"(Bearer error="invalid_token")";
        return f;
    };
    switch (r) {
        case refusal::unsupported_scheme:
            return {problems::bad_credentials, "only Authorization: Bearer is accepted"};
        case refusal::several_credentials:
            return no_token(problems::several_credentials, "send one Authorization field, with one token or API key");
        case refusal::expired_token:
            return no_token(problems::token_expired, "the token has expired; use a refresh token");
        case refusal::invalid_key:
            return no_token(problems::invalid_key, "this API key is not valid, or it has expired");
        case refusal::signed_out:
            return no_token(problems::signed_out, "this sign-in has ended; sign in again");
        case refusal::csrf:
            return {problems::csrf,
                    "send the session's csrf_token as X-CSRF-Token with each request that changes something"};
        case refusal::none:
        case refusal::invalid_token:
            break;
    }
    return no_token(problems::invalid_token, "this token is not valid");
}

}  // namespace agora::authentication
