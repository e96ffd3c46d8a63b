// SPDX-License-Identifier: MIT
// The options of a Redis client: where the server is and how to connect. parse_url() makes them from a URL:
//
//     redis://user:password@host:6379/0            rediss://... over TLS, the server's certificate verified
//     unix:///run/redis.sock?db=0
//     redis-sentinel://host1:26379,host2/mymaster/0
//     redis-cluster://host1:6379,host2:6379
//     https://:token@host                          Upstash's REST interface (http:// for tests)
//
// Users and passwords are percent-encoded. Query parameters: db, name (of the client), tls=yes (Sentinel, Cluster), ca,
// cert, key (PEM files), sentinel_user, sentinel_password.
#pragma once

#include <boost/system/result.hpp>
#include <chrono>
#include <functional>
#include <larder/capped.hpp>
#include <larder/circuit_breaker.hpp>
#include <larder/clock.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::redis {

class liveness;

struct address {
    std::string host;  ///< a name or an IPv4 or IPv6 address; for a Unix socket its path, with port 0
    unsigned short port = 6379;

    bool operator==(const address&) const = default;
    std::string text() const;
};

enum class deployment : unsigned char { standalone, sentinel, cluster, rest };

/// TLS; the files are PEM files, and are read again when they change.
struct tls_options {
    bool enabled = false;
    std::string ca;           ///< file of the authorities that sign the server's certificate; empty: the system's
    std::string certificate;  ///< file of the client's certificate; empty: none
    std::string key;          ///< file of the client's private key
};

struct credentials {
    std::string user;      ///< empty: Redis's user "default"
    std::string password;  ///< empty: none

    /// Whether no AUTH is sent. It is sent for a named user even if the password is empty.
    bool empty() const noexcept { return password.empty() && (user.empty() || user == "default"); }
};

struct timeouts {
    capped_milliseconds connect{2000};  ///< limit for name lookup, TCP, TLS and handshake together
    /// The deadline of a command that has none of its own; extended while bytes of the request or of its replies are
    /// transferred. Also how long the server may owe a reply without sending anything before the connection is closed.
    capped_milliseconds socket{2000};
    /// When a connection has been idle for this long, a PING is sent; an idle connection for blocking commands is
    /// closed.
    capped_milliseconds health_check{30'000};
    capped_milliseconds backoff_cap{500};  ///< longest pause between two attempts to connect, with full jitter
};

struct bounds {
    std::size_t connections = 10;  ///< if there are more event loops than this, they share connections
    std::size_t blocking = 100;    ///< additional connections per event loop for commands that block in the server
    std::size_t queued = 10'000;   ///< pending commands per connection; further ones fail with errc::overloaded
};

/// Server-assisted client-side caching: the server pushes the names of keys that changed.
struct tracking_options {
    bool enabled = false;
    bool noloop = false;                ///< NOLOOP: no pushes for changes made through the same connection
    std::vector<std::string> prefixes;  ///< BCAST mode: all keys with these prefixes; empty: keys that were read
};

struct options {
    deployment kind = deployment::standalone;       ///< what `addresses` are
    std::vector<address> addresses{{"127.0.0.1"}};  ///< the server, the Sentinels, some nodes of the cluster
    std::string master;                             ///< the master's name in Sentinel
    credentials login;                              ///< of the server; for REST, the password is the token
    credentials sentinel_login;                     ///< of the Sentinels
    std::string path;                               ///< path of the REST interface
    int database = 0;                               ///< for SELECT; a cluster has only 0
    std::string name;                               ///< client name, shown by CLIENT LIST; empty: none
    tls_options tls;
    timeouts time;
    bounds limit;
    circuit_breaker_options breaker;
    std::shared_ptr<redis::liveness> liveness;  ///< see share_liveness(); null: time-outs are not shared
    tracking_options tracking;
};

/// Why a URL or a variable cannot be used: one line, which never contains a password.
struct invalid_url {
    std::string message;
};
/// Called by result::value(): throws std::invalid_argument with the message.
[[noreturn]] void throw_exception_from_error(const invalid_url& e, const boost::source_location& where);

boost::system::result<options, invalid_url> parse_url(std::string_view url);

/// Reads the options from environment variables: REDIS_URL, otherwise REDIS_PRIVATE_URL, otherwise
/// UPSTASH_REDIS_REST_URL and _TOKEN, otherwise REDIS_HOST, REDIS_PORT, REDIS_DB and REDIS_PASSWORD. If none is set,
/// the result is nullopt. `get` returns the value of a variable, or an empty string.
boost::system::result<std::optional<options>, invalid_url> from_environment(
    const std::function<std::string(const char*)>& get);

/// Makes a value for options::liveness: clients with the same one learn from each other's time-outs. Share it between
/// clients of one server that use similar deadlines.
std::shared_ptr<liveness> share_liveness();

/// Returns the URL without the password, for logs.
std::string redacted(const options& o);

}  // namespace larder::redis
