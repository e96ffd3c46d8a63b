// SPDX-License-Identifier: MIT
#include <agora/http/admission.hpp>
#include <agora/http/problem.hpp>
#include <agora/http/router.hpp>
#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <stdexcept>

namespace agora::http {
namespace {

namespace asio = boost::asio;

constexpr unsigned mapped_bits = 96;  // of ::ffff:0:0/96, where IPv4 lies in IPv6
constexpr unsigned customer_bits = 64;

bool is_safe(verb v) noexcept { return v == verb::get || v == verb::head || v == verb::options; }

std::string_view trimmed(std::string_view text) noexcept
{
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

std::optional<response> refuse_rank(const route& to, const request& r)
{
    if (to.least_role != role::guest && r.who.unknown)
        return problem(r, 503, "unavailable", "who you are cannot be looked up at the moment; try again");
    if (to.least_role != role::guest && r.who.user_id == 0)
        return problem(r, 401, "credentials_needed", "sign in, or send Authorization: Bearer with a token");
    if (r.who.rank < to.least_role)
        return problem(r, 403, "forbidden",
                       to.least_role == role::admin ? "this needs an admin" : "this needs a moderator");
    if (r.who.read_only && !is_safe(r.method)) return problem(r, 403, "forbidden", "this key may only read");
    return std::nullopt;
}

/// Empty: it is not counted.
std::string counted_for(const admission_rules& rules, const route_limit& l, const request& r)
{
    if (l.by == limited_by::key) return r.who.key_id == 0 ? std::string{} : "key:" + std::to_string(r.who.key_id);
    if (l.by == limited_by::user && r.who.rank >= role::moderator) return {};
    if (l.by == limited_by::user && r.who.user_id != 0) return "user:" + std::to_string(r.who.user_id);
    return "addr:" + rules.proxies.client_of(r);
}

/// The next of the route's limits that counts this request, and for whom; null: none is left.
larder::rate_limit* next_limit(const admission_rules& rules, const route& to, request& r, std::string& whom)
{
    while (r.admitted.counted < to.limits.size()) {
        const auto& l = to.limits[r.admitted.counted];
        whom = counted_for(rules, l, r);
        if (!whom.empty()) return l.limit;
        ++r.admitted.counted;
    }
    return nullptr;
}

/// Seconds, never too few.
std::string seconds(std::chrono::milliseconds d)
{
    return std::to_string(std::chrono::ceil<std::chrono::seconds>(d).count());
}

/// draft-ietf-httpapi-ratelimit-headers-10 for each limit; of the tightest the trio that many clients know, whose Reset
/// is in seconds from now.
void tell_of(const larder::limit_rule& rule, const larder::limit_decision& d, admission& into)
{
    const auto window = std::chrono::ceil<std::chrono::seconds>(rule.window).count();
    const auto quota = std::to_string(rule.quota);
    const auto remaining = std::to_string(d.remaining);
    const auto reset = seconds(d.more_in);
    const auto add = [&](std::string_view field, std::string item) {
        const auto found = std::ranges::find(into.fields, field, [](const auto& f) { return f.first; });
        if (found == into.fields.end()) {
            into.fields.emplace_back(field, std::move(item));
        } else {
            found->second += ", " + item;
        }
    };
    add("RateLimit-Policy", "\"" + rule.name + "\";q=" + quota + ";w=" + std::to_string(window));
    add("RateLimit", "\"" + rule.name + "\";r=" + remaining + ";t=" + reset);
    if (d.allowed && d.remaining >= into.least_remaining) return;
    into.least_remaining = d.remaining;
    std::erase_if(into.fields, [](const auto& f) { return f.first.starts_with("X-"); });
    into.fields.emplace_back("X-RateLimit-Limit", quota);
    into.fields.emplace_back("X-RateLimit-Remaining", remaining);
    into.fields.emplace_back("X-RateLimit-Reset", reset);
}

std::optional<response> count(const larder::limit_rule& rule, const larder::limit_decision& d, request& r)
{
    ++r.admitted.counted;
    tell_of(rule, d, r.admitted);
    if (d.allowed) return std::nullopt;
    auto refusal = quota_exceeded(r, rule.name);
    refusal.headers.emplace_back("Retry-After", seconds(std::max(d.more_in, std::chrono::milliseconds{1})));
    return refusal;
}

}  // namespace

std::optional<std::string_view> bearer_token(const request& r) noexcept
{
    constexpr std::string_view scheme = "Bearer ";
    const auto credentials = r.header("authorization");
    if (credentials.size() <= scheme.size() || !iequals(credentials.substr(0, scheme.size()), scheme))
        return std::nullopt;
    return credentials.substr(scheme.size());
}

trusted_proxies::trusted_proxies(std::string_view list)
{
    while (!list.empty()) {
        const auto comma = list.find(',');
        const auto word = trimmed(list.substr(0, comma));
        list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
        const auto slash = word.find('/');
        auto n = parse(word.substr(0, slash));
        if (!n) throw std::invalid_argument{std::string{word} + " is no address"};
        if (slash != std::string_view::npos) {
            const auto digits = word.substr(slash + 1);
            const bool four = word.find(':') == std::string_view::npos;
            unsigned bits = 0;
            const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
            if (ec != std::errc{} || end != digits.data() + digits.size() || bits > (four ? 32U : 128U))
                throw std::invalid_argument{std::string{word} + " is no network"};
            n->bits = four ? mapped_bits + bits : bits;
        }
        networks_.push_back(*n);
    }
}

std::optional<trusted_proxies::network> trusted_proxies::parse(std::string_view address)
{
    boost::system::error_code ec;
    const auto a = asio::ip::make_address(std::string{address}, ec);
    if (ec) return std::nullopt;
    network n;
    if (a.is_v4()) {
        const auto bytes = asio::ip::make_address_v6(asio::ip::v4_mapped, a.to_v4()).to_bytes();
        std::copy(bytes.begin(), bytes.end(), n.address.begin());
    } else {
        const auto bytes = a.to_v6().to_bytes();
        std::copy(bytes.begin(), bytes.end(), n.address.begin());
    }
    return n;
}

bool trusted_proxies::contains(const network& address) const
{
    return std::ranges::any_of(networks_, [&](const network& n) {
        for (unsigned i = 0; i < n.bits; ++i) {
            const auto bit = 0x80U >> i % 8;
            if ((n.address[i / 8] & bit) != (address.address[i / 8] & bit)) return false;
        }
        return true;
    });
}

std::string trusted_proxies::client_of(const request& r) const
{
    auto found = parse(r.remote);
    auto forwarded = r.header("x-forwarded-for");
    while (found && !forwarded.empty() && contains(*found)) {
        const auto comma = forwarded.rfind(',');
        const auto last = trimmed(forwarded.substr(comma == std::string_view::npos ? 0 : comma + 1));
        forwarded = comma == std::string_view::npos ? std::string_view{} : forwarded.substr(0, comma);
        const auto next = parse(last);
        if (!next) break;
        found = next;
    }
    if (!found) return std::string{r.remote};
    asio::ip::address_v6::bytes_type bytes{};
    std::copy(found->address.begin(), found->address.end(), bytes.begin());
    auto a = asio::ip::address_v6{bytes};
    if (a.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, a).to_string();
    std::fill(bytes.begin() + customer_bits / 8, bytes.end(), static_cast<unsigned char>(0));
    return asio::ip::address_v6{bytes}.to_string();
}

std::optional<std::optional<response>> admit_now(const admission_rules& rules, const route& to, request& r)
{
    using decided = std::optional<std::optional<response>>;
    if (!r.admitted.known && rules.authenticate != nullptr) {
        const auto who = rules.authenticate->now(r);
        if (!who) return std::nullopt;
        if (!*who) return decided{problem(r, who->error())};
        r.who = **who;
    }
    r.admitted.known = true;
    if (auto refusal = refuse_rank(to, r)) return decided{std::move(refusal)};
    std::string whom;
    while (auto* l = next_limit(rules, to, r, whom)) {
        const auto d = l->take_here(whom);
        if (!d) return std::nullopt;
        if (auto refusal = count(l->rule(), *d, r)) return decided{std::move(refusal)};
    }
    return decided{std::optional<response>{}};
}

asio::awaitable<std::optional<response>> admit_later(const admission_rules& rules, const route& to, request& r)
{
    if (!r.admitted.known && rules.authenticate != nullptr) {
        const auto who = co_await rules.authenticate->later(r);
        if (!who) co_return problem(r, who.error());
        r.who = *who;
    }
    r.admitted.known = true;
    if (auto refusal = refuse_rank(to, r)) co_return refusal;
    std::string whom;
    while (auto* l = next_limit(rules, to, r, whom)) {
        const auto d = co_await l->take(whom);
        if (auto refusal = count(l->rule(), d, r)) co_return refusal;
    }
    co_return std::nullopt;
}

}  // namespace agora::http
