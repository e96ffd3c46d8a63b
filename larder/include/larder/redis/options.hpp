// SPDX-License-Identifier: MIT
// Where Redis is and how to talk to it. As URLs:
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
    std::string host;  ///< a name, an IPv4 or an IPv6 address; of a Unix socket: its path, with port 0
    unsigned short port = 6379;

    bool operator==(const address&) const = default;
    std::string text() const;
};

enum class deployment : unsigned char { standalone, sentinel, cluster, rest };

/// Certificates are PEM files; empty: the system's authorities, and no client certificate.
struct tls_options {
    bool enabled = false;
    std::string ca;
    std::string certificate;
    std::string key;
};

struct credentials {
    std::string user;  ///< empty: Redis's "default"
    std::string password;

    /// Nobody logs in. A user with an empty password does.
    bool empty() const noexcept { return password.empty() && (user.empty() || user == "default"); }
};

struct timeouts {
    /// Name lookup, TCP, TLS and handshake together.
    capped_milliseconds connect{2000};
    /// A command's deadline, if it has none of its own, which moves while bytes do; and the longest silence.
    capped_milliseconds socket{2000};
    /// An idle connection is asked after so long; one that is kept for blocking commands is closed.
    capped_milliseconds health_check{30'000};
    capped_milliseconds backoff_cap{500};  ///< between two tries to connect, with full jitter
};

struct bounds {
    std::size_t connections = 10;  ///< at most; event loops beyond it share
    std::size_t blocking = 100;    ///< further ones for commands that wait in the server, per event loop
    std::size_t queued = 10'000;   ///< commands per connection; more fail at once (errc::overloaded)
    double retry_ratio = 0.1;      ///< retries per command, at most
};

/// Server-assisted client-side caching: the server pushes the names of keys that changed.
struct tracking_options {
    bool enabled = false;
    bool noloop = false;                ///< not of changes made by the same connection
    std::vector<std::string> prefixes;  ///< of all keys that begin so (BCAST); empty: of the keys that were read
};

struct options {
    deployment kind = deployment::standalone;
    std::vector<address> addresses{{"127.0.0.1"}};
    std::string master;  ///< Sentinel's name of the master
    credentials login;
    credentials sentinel_login;
    std::string path;  ///< of the REST interface
    int database = 0;
    std::string name;  ///< CLIENT LIST shows it
    tls_options tls;
    timeouts time;
    bounds limit;
    circuit_breaker_options breaker;
    std::shared_ptr<liveness> alive;  ///< clients with the same one learn from each other's time-outs; null: its own
    tracking_options tracking;
};

/// The options, or one line that names what is wrong with the URL; it never repeats a password.
struct parsed_url {
    std::optional<options> value;
    std::string problem;
};
parsed_url parse_url(std::string_view url);

/// Finds Redis in the environment: REDIS_URL, else REDIS_PRIVATE_URL, else UPSTASH_REDIS_REST_URL and _TOKEN, else
/// REDIS_HOST, REDIS_PORT, REDIS_DB and REDIS_PASSWORD. Neither value nor problem: none of them is set.
/// `get` returns a variable's value, or an empty text.
parsed_url from_environment(const std::function<std::string(const char*)>& get);

/// For options::alive of clients that talk to one server with deadlines of the same kind.
std::shared_ptr<liveness> share_liveness();

/// The URL without its password, for logs.
std::string redacted(const options& o);

}  // namespace larder::redis
