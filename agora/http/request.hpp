// SPDX-License-Identifier: MIT
// One parsed request, and the principal that it acts for. All views point into buffers of the connection and are valid
// until the handler has responded. Plain data: no Beast, no socket. Not thread-safe; a request stays on its loop.
#pragma once

#include <array>
#include <boost/describe/enum.hpp>
#include <cstdint>
#include <larder/ascii.hpp>
#include <larder/clock.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace agora::http {

enum class verb : std::uint8_t { get, head, post, put, patch, del, options, other };

std::string_view to_string(verb v) noexcept;
/// Whether the method is safe, that is, changes nothing (RFC 9110 9.2.1).
bool is_safe(verb v) noexcept;
verb parse_verb(std::string_view token) noexcept;

struct header_field {
    std::string_view name;
    std::string_view value;
};

enum class role : std::uint8_t { guest, user, moderator, admin };
BOOST_DESCRIBE_ENUM(role, guest, user, moderator, admin)

/// What authenticated a request.
enum class credential : std::uint8_t { none, operator_token, access_token, api_key, session };

/// The identity that a request acts for.
struct principal {
    std::int64_t user_id = 0;  ///< 0: a guest
    http::role role = http::role::guest;
    bool read_only = false;   ///< an API key without the scope to write
    bool unknown = false;     ///< treated as a guest, because the credentials cannot be looked up at the moment
    std::int64_t key_id = 0;  ///< the id of the API key; 0: none was used
    credential by = credential::none;
};

/// How far the admission of a request has come; see admission.hpp.
class admission {
 public:
    bool known = false;        ///< the request has been authenticated; `request::caller` is set
    std::uint8_t counted = 0;  ///< the number of the route's limits that have counted the request or skipped it
    std::uint32_t least_remaining = UINT32_MAX;                    ///< of the tightest limit so far
    std::vector<std::pair<std::string_view, std::string>> fields;  ///< for the response; names are static text
    /// The sign-in of the access token, or the id of the session, that authenticated the request; null: neither did.
    std::shared_ptr<const std::string> credential_id;
};

inline constexpr std::size_t max_fields = 100;
inline constexpr std::size_t max_path_params = 4;

class view;

class request {
 public:
    verb method = verb::other;
    std::string_view method_token;
    std::string_view target;      ///< as sent
    std::string_view path;        ///< before `?`, still percent-encoded
    std::string_view query;       ///< after `?`
    std::string_view body;        ///< complete, without chunk framing and decompressed
    std::string_view client;      ///< the client's address, behind trusted proxies; see client_address.hpp
    std::string_view request_id;  ///< the client's X-Request-Id if it is well formed, otherwise one made here
    larder::steady_time received{};
    unsigned minor_version = 1;  ///< HTTP/1.x
    principal caller;
    admission admitted;
    const view* shown_by = nullptr;  ///< the view of the route, set by router::match(); null: JSON

    /// The value of the first field of that name (case-insensitive); empty when there is none. A list field may
    /// continue in further lines; see fields.hpp.
    std::string_view header(std::string_view name) const noexcept;
    bool has_header(std::string_view name) const noexcept;
    std::span<const header_field> headers() const noexcept { return {fields_.data(), field_count_}; }
    /// Calls use(value) for each line of a field, in the order received.
    template <class F>
    void each_line(std::string_view name, F use) const
    {
        for (const auto& f : headers()) {
            if (is_field(f, name)) use(f.value);
        }
    }

    /// The decoded value of the first query parameter of that name; nullopt when there is none.
    std::optional<std::string> query_param(std::string_view name) const;

    /// A path parameter by its position in the pattern, still percent-encoded; path<std::string> decodes it.
    std::string_view path_param(std::size_t i) const noexcept { return path_params_[i]; }

    void clear() noexcept;
    /// Clears what comes from the header; keeps the client, the principal and the admission.
    void clear_head() noexcept;
    /// Makes this a guest's GET of the given path and query. Requires: `to` outlives the request.
    void set_target(std::string_view to) noexcept;
    bool add_header(std::string_view name, std::string_view value) noexcept;  ///< false: over max_fields
    void set_path_param(std::size_t i, std::string_view v) noexcept { path_params_[i] = v; }

 private:
    static bool is_field(const header_field& f, std::string_view name) noexcept;

    std::array<header_field, max_fields> fields_;
    std::size_t field_count_ = 0;
    std::array<std::string_view, max_path_params> path_params_;
};

/// The decoded value of the first parameter of that name in a query string or an HTML form; nullopt when there is
/// none.
std::optional<std::string> parameter_of(std::string_view parameters, std::string_view name);

/// All parameters, decoded, in their order. A malformed escape ends the list.
std::vector<std::pair<std::string, std::string>> parameters_in(std::string_view text);

/// Percent-decoding (RFC 3986 2.1); `plus_is_space` is for query strings. nullopt: malformed escape or escaped NUL.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

using larder::iequals;

}  // namespace agora::http
