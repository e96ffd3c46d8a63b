// SPDX-License-Identifier: MIT
// Decides whether a request may reach its handler: authentication, then the required role, then each rate limit of the
// route, in this order. Start with try_admit(); admit() is the same sequence with suspension, and continues where
// try_admit() stopped. How far a request has come is kept in `request::admitted`, so that no limit counts it twice.
#include <agora/http/admission.hpp>
#include <agora/http/fields.hpp>
#include <agora/http/problem.hpp>
#include <agora/http/problem_codes.hpp>
#include <agora/http/router.hpp>
#include <algorithm>

namespace agora::http {
namespace {

namespace asio = boost::asio;

bool is_form(const route& to, const request& r) noexcept { return to.for_browsers && !is_safe(r.method); }

std::optional<response> check_role(const route& to, const request& r)
{
    if (is_form(to, r) && r.caller.user_id == 0 && !r.caller.unknown) return std::nullopt;  // refuse_form_of_guest()
    if (to.least_role != role::guest && r.caller.unknown)
        return problem(r, problems::unavailable, "your credentials cannot be checked at the moment; try again");
    if (to.least_role != role::guest && r.caller.user_id == 0)
        return problem(r, problems::credentials_needed, "sign in, or send Authorization: Bearer with a token");
    if (r.caller.role < to.least_role)
        return problem(
            r, problems::forbidden,
            to.least_role == role::admin ? "only admins may do this" : "only moderators and admins may do this");
    if (r.caller.read_only && !is_safe(r.method)) {
        failure f{problems::forbidden, "this API key is read-only"};
        f.challenge = R"(Bearer error="insufficient_scope", scope="write")";
        return problem(r, f);
    }
    return std::nullopt;
}

/// The identity that a limit counts the request for. Empty: this limit does not count the request.
std::string limited_client(const route_limit& l, const request& r)
{
    if (l.by == limited_by::key) return r.caller.key_id == 0 ? std::string{} : "key:" + std::to_string(r.caller.key_id);
    if (l.by == limited_by::user && r.caller.role >= role::moderator) return {};
    if (l.by == limited_by::user && r.caller.user_id != 0) return "user:" + std::to_string(r.caller.user_id);
    return "addr:" + client_network(r.client);
}

/// The next limit of the route that counts this request; `client` is set to the identity it counts for. Null: no limit
/// is left.
larder::rate_limit* next_limit(const route& to, request& r, std::string& client)
{
    while (r.admitted.counted < to.limits.size()) {
        const auto& l = to.limits[r.admitted.counted];
        client = limited_client(l, r);
        if (!client.empty()) return l.limit;
        ++r.admitted.counted;
    }
    return nullptr;
}

/// Whole seconds, rounded up.
std::string seconds(std::chrono::milliseconds d)
{
    return std::to_string(std::chrono::ceil<std::chrono::seconds>(d).count());
}

/// Adds the header fields of a limit: the two of draft-ietf-httpapi-ratelimit-headers-10 for every limit, and the older
/// X-RateLimit-* fields, which many clients know, for the tightest limit only. X-RateLimit-Reset is in seconds from
/// now.
void add_limit_fields(const larder::limit_rule& rule, const larder::limit_decision& d, admission& admission_state)
{
    const auto window = std::chrono::ceil<std::chrono::seconds>(rule.window).count();
    const auto quota = std::to_string(rule.quota);
    const auto remaining = std::to_string(d.remaining);
    const auto reset = seconds(d.retry_after);
    const auto add = [&](std::string_view field, std::string item) {
        const auto found = std::ranges::find(admission_state.fields, field, [](const auto& f) { return f.first; });
        if (found == admission_state.fields.end()) {
            admission_state.fields.emplace_back(field, std::move(item));
        } else {
            found->second += ", " + item;
        }
    };
    add("RateLimit-Policy", "\"" + rule.name + "\";q=" + quota + ";w=" + std::to_string(window));
    add("RateLimit", "\"" + rule.name + "\";r=" + remaining + ";t=" + reset);
    if (d.allowed && d.remaining >= admission_state.least_remaining) return;
    admission_state.least_remaining = d.remaining;
    std::erase_if(admission_state.fields, [](const auto& f) { return f.first.starts_with("X-"); });
    admission_state.fields.emplace_back("X-RateLimit-Limit", quota);
    admission_state.fields.emplace_back("X-RateLimit-Remaining", remaining);
    admission_state.fields.emplace_back("X-RateLimit-Reset", reset);
}

std::optional<response> record_decision(const larder::limit_rule& rule, const larder::limit_decision& d, request& r)
{
    ++r.admitted.counted;
    add_limit_fields(rule, d, r.admitted);
    if (d.allowed) return std::nullopt;
    auto refusal = quota_exceeded(r, rule.name);
    refusal.headers.emplace_back("Retry-After", seconds(std::max(d.retry_after, std::chrono::milliseconds{1})));
    return refusal;
}

/// Whether the browser has signed in and then followed a link from another site. A Strict session cookie is not sent
/// then, and not after a redirect either; it is sent when the page itself loads the address again.
std::optional<response> check_arrival(const route& to, const request& r)
{
    if (!to.for_browsers || r.method != verb::get || r.caller.user_id != 0) return std::nullopt;
    if (r.header("sec-fetch-site") != "cross-site") return std::nullopt;
    bool marked = false;
    r.each_line("cookie",
                [&](std::string_view line) { marked |= line.find(signed_in_mark) != std::string_view::npos; });
    return marked ? to.shown_by->arrive(r) : std::nullopt;
}

std::optional<response> check_origin(const admission_rules& rules, const route& to, const request& r)
{
    if (!is_form(to, r) || is_from_own_page(rules, r)) return std::nullopt;
    return problem(r, problems::foreign_form, "this form was sent from another site, so nothing was changed");
}

}  // namespace

bool is_from_own_page(const admission_rules& rules, const request& r)
{
    const auto site = r.header("sec-fetch-site");
    if (!site.empty()) return site == "same-origin" || site == "none";
    const auto origin = r.header("origin");
    if (origin.empty()) return false;
    if (origin == rules.origin) return true;
    if (!rules.own_host_is_trusted) return false;
    const auto host = r.header("host");
    return origin == "http://" + std::string{host} || origin == "https://" + std::string{host};
}

std::optional<response> refuse_form_of_guest(const route& to, const request& r)
{
    if (!is_form(to, r) || r.caller.role >= to.least_role) return std::nullopt;
    if (auto page = to.shown_by->ask_to_sign_in(r)) return page;
    return problem(r, problems::credentials_needed, "sign in first");
}

std::optional<std::string_view> bearer_token(const request& r) noexcept
{
    constexpr std::string_view scheme = "Bearer";
    const auto credentials = r.header("authorization");
    const auto word = credentials.find_first_of(" \t");
    if (!iequals(credentials.substr(0, word), scheme)) return std::nullopt;
    return word == std::string_view::npos ? std::string_view{} : trim_blanks(credentials.substr(word));
}

std::optional<std::optional<response>> try_admit(const admission_rules& rules, const route& to, request& r)
{
    using decided = std::optional<std::optional<response>>;
    if (auto refusal = check_origin(rules, to, r)) return decided{std::move(refusal)};
    if (!r.admitted.known && rules.authenticate != nullptr) {
        const auto who = rules.authenticate->try_sync(r, to);
        if (!who) return std::nullopt;
        if (!*who) return decided{problem(r, who->error())};
        r.caller = **who;
    }
    r.admitted.known = true;
    if (auto reload = check_arrival(to, r)) return decided{std::move(reload)};
    if (auto refusal = check_role(to, r)) return decided{std::move(refusal)};
    std::string client;
    while (auto* l = next_limit(to, r, client)) {
        const auto d = l->try_take(client);
        if (!d) return std::nullopt;
        if (auto refusal = record_decision(l->rule(), *d, r)) return decided{std::move(refusal)};
    }
    return decided{std::optional<response>{}};
}

asio::awaitable<std::optional<response>> admit(const admission_rules& rules, const route& to, request& r)
{
    if (!r.admitted.known && rules.authenticate != nullptr) {
        const auto who = co_await rules.authenticate->async(r, to);
        if (!who) co_return problem(r, who.error());
        r.caller = *who;
    }
    r.admitted.known = true;
    if (auto reload = check_arrival(to, r)) co_return reload;
    if (auto refusal = check_role(to, r)) co_return refusal;
    std::string client;
    while (auto* l = next_limit(to, r, client)) {
        const auto d = co_await l->take(client);
        if (auto refusal = record_decision(l->rule(), d, r)) co_return refusal;
    }
    co_return std::nullopt;
}

void add_admission_fields(request& r, response& answer)
{
    const bool own_cookie = sets_cookie(answer);
    for (auto& f : r.admitted.fields) {
        if (!own_cookie || f.first != "Set-Cookie") answer.headers.push_back(std::move(f));
    }
}

}  // namespace agora::http
