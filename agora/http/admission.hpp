// SPDX-License-Identifier: MIT
// The checks before a handler runs: who the client is, whether it may call the route, and whether the rate limits allow
// the request.
//
//     s.routes.post("/api/posts", &slice::create, *this).limit(posting, limited_by::user);   // create(member who, ...)
//
// Most requests are decided synchronously, on the loop; when Redis or the database is needed, try_admit() returns
// nullopt and the connection awaits admit(). A form is accepted only from a page of this site, whether or not it
// carries a session. A request with an invalid Authorization field is refused before any other check, on every route,
// including public ones.
#pragma once

#include <agora/http/client_address.hpp>
#include <agora/http/request.hpp>
#include <agora/http/response.hpp>
#include <agora/outcome.hpp>
#include <array>
#include <boost/asio/awaitable.hpp>
#include <larder/limit.hpp>
#include <optional>
#include <string>

namespace agora::http {

class route;

/// Authenticates requests. A failure refuses the request.
class authenticator {
 public:
    virtual ~authenticator() = default;
    /// Authenticates without suspending; sets r.admitted.credential_id. nullopt: this is not possible, call async().
    virtual std::optional<outcome<principal>> try_sync(request& r, const route& to) = 0;
    /// Like try_sync(), but may suspend. May also add header fields for the response to r.admitted.
    virtual boost::asio::awaitable<outcome<principal>> async(request& r, const route& to) = 0;
};

/// The token of `Authorization: Bearer`, which may be empty. nullopt: the field is missing or has another scheme.
std::optional<std::string_view> bearer_token(const request& r) noexcept;

/// How requests are authenticated, and which proxies are trusted.
struct admission_rules {
    authenticator* authenticate = nullptr;  ///< null: every client is a guest
    trusted_proxies proxies;                ///< their forwarding header determines the client's address
    std::string origin;                     ///< of PUBLIC_URL, such as "https://example.org"; empty: none is set
    bool own_host_is_trusted = false;       ///< the Host field may stand for `origin`; not in production
};

/// The cookie that marks a browser that is signed in. It is no secret and grants nothing; see view::arrive().
inline constexpr std::string_view signed_in_mark = "agora.in=1";

/// Whether a page of this site has sent a form. Sec-Fetch-Site decides when it is present; otherwise Origin has to be
/// this site's. Source: Fetch Metadata (W3C), RFC 6454.
bool is_from_own_page(const admission_rules& rules, const request& r);

/// The answer to a form that a guest has sent to a route for members: the sign-in page with the form's fields. Empty:
/// the caller may call the route. Call it when the body has arrived, after admission, which lets these forms pass.
std::optional<response> refuse_form_of_guest(const route& to, const request& r);

/// Decides without suspending. nullopt: not possible, await admit(). The inner optional is empty when the request
/// is admitted; otherwise it holds the response that refuses it.
std::optional<std::optional<response>> try_admit(const admission_rules& rules, const route& to, request& r);
/// Continues where try_admit() stopped, and may suspend. Empty: the request is admitted; otherwise the response that
/// refuses it.
boost::asio::awaitable<std::optional<response>> admit(const admission_rules& rules, const route& to, request& r);
/// Moves the header fields that admission has collected into the response. A cookie that the handler itself sets or
/// removes takes precedence.
void add_admission_fields(request& r, response& answer);

}  // namespace agora::http
