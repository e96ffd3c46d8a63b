// SPDX-License-Identifier: MIT
// Reads URLs and environment variables into options. Boost.URL supports one host only, and Sentinel and cluster URLs
// list several, so url_reader takes the authority apart first. No problem text repeats a password. Start with
// parse_url(), url_reader::read() and from_environment().
#include <array>
#include <boost/url.hpp>
#include <charconv>
#include <larder/redis/options.hpp>
#include <stdexcept>

#include "liveness.hpp"

namespace larder::redis {

std::shared_ptr<liveness> share_liveness() { return std::make_shared<liveness>(); }
namespace {

namespace urls = boost::urls;

struct scheme {
    std::string_view name;
    deployment kind;
    bool tls;
    unsigned short port;
};

constexpr std::array schemes{
    scheme{"redis", deployment::standalone, false, 6379},
    scheme{"rediss", deployment::standalone, true, 6379},
    scheme{"unix", deployment::standalone, false, 0},
    scheme{"redis-sentinel", deployment::sentinel, false, 26379},
    scheme{"redis-cluster", deployment::cluster, false, 6379},
    scheme{"https", deployment::rest, true, 443},
    scheme{"http", deployment::rest, false, 80},
};

template <class T>
bool to_number(std::string_view text, T& out)
{
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
    return ec == std::errc{} && end == text.data() + text.size();
}

/// Reads one part of a URL after the other. The first problem ends the reading and is reported.
class url_reader {
 public:
    explicit url_reader(std::string_view url) : rest_{url} {}

    boost::system::result<options, invalid_url> read()
    {
        read_scheme();
        if (problem_.empty()) check_fragment();
        if (problem_.empty() && scheme_->port != 0) read_authority();
        if (problem_.empty()) read_path_and_query();
        if (!problem_.empty()) return invalid_url{std::move(problem_)};
        return std::move(options_);
    }

 private:
    void read_scheme()
    {
        const auto end = rest_.find("://");
        const auto name = rest_.substr(0, end == std::string_view::npos ? 0 : end);
        for (const auto& s : schemes) {
            if (s.name == name) scheme_ = &s;
        }
        if (scheme_ == nullptr) {
            problem_ =
                "the scheme must be redis, rediss, unix, redis-sentinel, redis-cluster, https or http, as in "
                "redis://host:6379/0";
            return;
        }
        rest_.remove_prefix(end + 3);
        options_.kind = scheme_->kind;
        options_.tls.enabled = scheme_->tls;
        options_.addresses.clear();
    }

    void check_fragment()
    {
        if (rest_.find('#') == std::string_view::npos) return;
        problem_ = "it contains a '#'; if that belongs to the password, percent-encode it as %23";
    }

    void read_authority()
    {
        auto authority = rest_.substr(0, rest_.find_first_of("/?"));
        rest_.remove_prefix(authority.size());
        if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
            read_login(authority.substr(0, at));
            authority.remove_prefix(at + 1);
        }
        if (!options_.addresses.empty() || !problem_.empty()) return;
        for (;;) {
            const auto comma = authority.find(',');
            read_host(authority.substr(0, comma));
            if (comma == std::string_view::npos || !problem_.empty()) break;
            authority.remove_prefix(comma + 1);
        }
        const bool one = options_.kind == deployment::standalone || options_.kind == deployment::rest;
        if (problem_.empty() && one && options_.addresses.size() > 1)
            problem_ = "several hosts need redis-sentinel:// or redis-cluster://";
    }

    void read_login(std::string_view login)
    {
        const auto colon = login.find(':');
        options_.login.user = decode(login.substr(0, colon), "user");
        if (colon != std::string_view::npos) options_.login.password = decode(login.substr(colon + 1), "password");
    }

    void read_host(std::string_view text)
    {
        // Parsed as an authority of its own, because Boost.URL then handles IPv6 brackets and wrong ports.
        const auto parsed = urls::parse_authority(text);
        if (parsed.has_error() || parsed->host().empty()) {
            problem_ =
                text.empty() ? "the host is missing" : "the host and port '" + std::string{text} + "' are invalid";
            return;
        }
        address a{parsed->host_address(), scheme_->port};
        if (parsed->has_port() && (!to_number(std::string_view{parsed->port()}, a.port) || a.port == 0)) {
            problem_ = "the port '" + std::string{parsed->port()} + "' is not between 1 and 65535";
            return;
        }
        options_.addresses.push_back(std::move(a));
    }

    void read_path_and_query()
    {
        const auto question = rest_.find('?');
        auto path = rest_.substr(0, question);
        if (question != std::string_view::npos) read_query(rest_.substr(question + 1));
        if (!problem_.empty()) return;
        if (scheme_->port == 0) {
            options_.addresses = {{decode(path, "path"), 0}};
            if (path.empty() || path == "/")
                problem_ = "the path of the socket is missing; write unix:///run/redis.sock, for example";
            return;
        }
        if (options_.kind == deployment::rest) {
            options_.path = path == "/" ? "" : std::string{path};
            return;
        }
        if (!path.empty()) path.remove_prefix(1);
        if (options_.kind == deployment::sentinel) {
            const auto slash = path.find('/');
            options_.master = decode(path.substr(0, slash), "master's name");
            if (options_.master.empty())
                problem_ = "the master's name is missing; write redis-sentinel://host:26379/mymaster";
            path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
        }
        if (!path.empty()) read_database(path);
    }

    void read_database(std::string_view text)
    {
        if (!to_number(text, options_.database) || options_.database < 0)
            problem_ =
                "the database '" + std::string{text} + "' is not a number; write redis://host:6379/0, for example";
        else if (options_.kind == deployment::cluster && options_.database != 0)
            problem_ = "a cluster has only database 0";
    }

    void read_query(std::string_view query)
    {
        while (!query.empty() && problem_.empty()) {
            const auto end = query.find('&');
            const auto item = query.substr(0, end);
            const auto equals = item.find('=');
            const auto value = equals == std::string_view::npos ? std::string_view{} : item.substr(equals + 1);
            read_parameter(item.substr(0, equals), decode(value, "query"));
            query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
        }
    }

    void read_parameter(std::string_view name, const std::string& value)
    {
        if (name == "db") {
            read_database(value);
        } else if (name == "tls") {
            if (value != "yes" && value != "no") problem_ = "tls must be yes or no";
            options_.tls.enabled = value == "yes";
        } else if (auto* text = text_parameter(name)) {
            *text = value;
        } else {
            problem_ = "there is no parameter '" + std::string{name} +
                       "'; the known ones are db, name, tls, ca, cert, key, sentinel_user and sentinel_password";
        }
    }

    std::string* text_parameter(std::string_view name)
    {
        if (name == "name") return &options_.name;
        if (name == "ca") return &options_.tls.ca;
        if (name == "cert") return &options_.tls.certificate;
        if (name == "key") return &options_.tls.key;
        if (name == "sentinel_user") return &options_.sentinel_login.user;
        if (name == "sentinel_password") return &options_.sentinel_login.password;
        return nullptr;
    }

    std::string decode(std::string_view text, std::string_view part)
    {
        const auto view = urls::make_pct_string_view(text);
        if (view.has_error()) {
            problem_ = "the " + std::string{part} + " is not percent-encoded: write a '%' as %25";
            return {};
        }
        std::string out;
        view->decode({}, urls::string_token::assign_to(out));
        return out;
    }

    std::string_view rest_;
    const scheme* scheme_ = nullptr;
    options options_;
    std::string problem_;
};

}  // namespace

void throw_exception_from_error(const invalid_url& e, const boost::source_location&)
{
    throw std::invalid_argument{e.message};
}

boost::system::result<options, invalid_url> parse_url(std::string_view url) { return url_reader{url}.read(); }

boost::system::result<std::optional<options>, invalid_url> from_environment(
    const std::function<std::string(const char*)>& get)
{
    for (const auto* name : {"REDIS_URL", "REDIS_PRIVATE_URL", "UPSTASH_REDIS_REST_URL"}) {
        const auto url = get(name);
        if (url.empty()) continue;
        auto parsed = parse_url(url);
        if (!parsed) return invalid_url{std::string{name} + ": " + parsed.error().message};
        if (parsed->kind == deployment::rest && parsed->login.password.empty()) {
            parsed->login.password = get("UPSTASH_REDIS_REST_TOKEN");
            if (parsed->login.password.empty()) return invalid_url{"UPSTASH_REDIS_REST_TOKEN: it is not set"};
        }
        return std::optional{*std::move(parsed)};
    }
    options o;
    const auto host = get("REDIS_HOST");
    auto port = get("REDIS_PORT");
    // Kubernetes and Docker set this for a service named redis, so nobody has chosen it.
    if (port.starts_with("tcp://")) port.clear();
    if (!port.empty() && (!to_number(port, o.addresses[0].port) || o.addresses[0].port == 0))
        return invalid_url{"REDIS_PORT: '" + port + "' is not between 1 and 65535"};
    const auto database = get("REDIS_DB");
    // A port or a database is set only by someone who wants Redis; the documented default for the host is localhost.
    if (host.empty() && port.empty() && database.empty()) return std::optional<options>{};
    o.addresses[0].host = host.empty() ? "localhost" : host;
    if (!database.empty() && (!to_number(database, o.database) || o.database < 0))
        return invalid_url{"REDIS_DB: '" + database + "' is not a database number (0 or above)"};
    o.login.password = get("REDIS_PASSWORD");
    return std::optional{std::move(o)};
}

std::string redacted(const options& o)
{
    if (o.addresses.front().port == 0) return "unix://" + o.addresses.front().host;
    std::string out;
    for (const auto& s : schemes) {
        if (out.empty() && s.kind == o.kind &&
            (s.tls == o.tls.enabled || o.kind == deployment::cluster || o.kind == deployment::sentinel))
            out = std::string{s.name} + "://";
    }
    if (!o.login.user.empty() || !o.login.password.empty()) out += o.login.user + ":***@";
    for (std::size_t i = 0; i < o.addresses.size(); ++i) out += (i > 0 ? "," : "") + o.addresses[i].text();
    if (o.kind == deployment::sentinel) out += "/" + o.master;
    if (o.kind == deployment::rest) return out + o.path;
    if (o.database != 0) out += "/" + std::to_string(o.database);
    return out;
}

}  // namespace larder::redis
