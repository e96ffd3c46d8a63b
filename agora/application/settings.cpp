// SPDX-License-Identifier: MIT
// The table of all settings, by group. To add a setting, add a row here and a member to config. Each row has the texts
// for help and errors, a function that parses a value, and one that shows it.
#include <agora/application/settings.hpp>
#include <agora/credentials/jwt.hpp>
#include <agora/http/admission.hpp>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <iterator>

namespace agora::application {
namespace {

/// larder reads the settings of Redis together, in its own order of precedence.
template <const char* Name>
bool parse_redis_part(draft& c, const std::string& text)
{
    c.redis_parts[Name] = text;
    return true;
}
template <const char* Name>
std::string show_redis_part(const draft& c)
{
    const auto it = c.redis_parts.find(Name);
    return it == c.redis_parts.end() ? std::string{} : redact_url(it->second);
}
template <const char* Name>
std::string show_redis_secret(const draft& c)
{
    return c.redis_parts.contains(Name) ? "(set)" : "(not set)";
}
constexpr char redis_url[] = "REDIS_URL";
constexpr char redis_private_url[] = "REDIS_PRIVATE_URL";
constexpr char upstash_url[] = "UPSTASH_REDIS_REST_URL";
constexpr char upstash_token[] = "UPSTASH_REDIS_REST_TOKEN";
constexpr char redis_host[] = "REDIS_HOST";
constexpr char redis_port[] = "REDIS_PORT";
constexpr char redis_database[] = "REDIS_DB";
constexpr char redis_password[] = "REDIS_PASSWORD";
constexpr std::string_view redis_urls =
    "redis://USER:PASSWORD@HOST:PORT/DB, rediss://, unix://, redis-sentinel://, redis-cluster://";

template <class T>
bool parse_number(const std::string& text, T min, T max, T& out)
{
    T v{};
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), v);
    if (ec != std::errc{} || end != text.data() + text.size() || v < min || v > max) return false;
    out = v;
    return true;
}

template <class T>
bool parse_word(const std::string& text, std::initializer_list<std::pair<std::string_view, T>> words, T& out)
{
    for (const auto& [word, value] : words) {
        if (text != word) continue;
        out = value;
        return true;
    }
    return false;
}

bool parse_origins(draft& c, const std::string& text)
{
    c.cors_origins.clear();
    for (std::string_view rest = text; !rest.empty();) {
        const auto comma = rest.find(',');
        const auto origin = rest.substr(0, comma);
        const bool known = origin == "*" || origin.starts_with("http://") || origin.starts_with("https://");
        if (!known || origin.ends_with('/') || origin.find_first_of(" \r\n") != std::string_view::npos) return false;
        c.cors_origins.emplace_back(origin);
        rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    }
    return true;
}

/// Parses secrets of at least 32 characters each, separated by commas. Each may begin with `prefix`, which does not
/// count.
bool parse_secrets(std::vector<secret>& out, const std::string& text, std::string_view prefix)
{
    out.clear();
    for (std::string_view rest = text; !rest.empty();) {
        const auto comma = rest.find(',');
        const auto one = rest.substr(0, comma);
        const auto size = one.size() - (!prefix.empty() && one.starts_with(prefix) ? prefix.size() : 0);
        if (size < min_secret_key) return false;
        out.emplace_back(std::string{one});
        rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    }
    return !out.empty();
}

std::string join(const std::vector<std::string>& parts)
{
    std::string text;
    for (const auto& p : parts) text.append(text.empty() ? "" : ",").append(p);
    return text;
}

std::string show_secret(const secret& s) { return s.empty() ? "(not set)" : "(set)"; }
std::string show_secrets(const std::vector<secret>& s) { return s.empty() ? "(not set)" : "(set)"; }

constexpr std::array<std::string_view, 2> header_names{"X-Forwarded-For", "Forwarded"};
constexpr std::array<std::string_view, 3> env_names{"development", "testing", "production"};
constexpr std::array<std::string_view, 3> log_format_names{"auto", "text", "json"};

/// Whether the URL names a file. An in-memory database would be a different one for each connection, and a name with
/// parameters would be taken for a path.
bool names_sqlite_file(std::string_view url)
{
    constexpr std::string_view scheme = "sqlite:///";
    if (!url.starts_with(scheme)) return false;
    const auto path = url.substr(scheme.size());
    return !path.empty() && path.find(":memory:") == std::string_view::npos && !path.starts_with("file:") &&
           path.find('?') == std::string_view::npos;
}

const setting server_settings[] = {
    {"AGORA_ENV", "development, testing or production", "the kind of deployment", false,
     [](draft& c, const std::string& t) {
         return parse_word<environment>(t,
                                        {{env_names[0], environment::development},
                                         {env_names[1], environment::testing},
                                         {env_names[2], environment::production}},
                                        c.env);
     },
     [](const draft& c) { return std::string{env_names[static_cast<std::size_t>(c.env)]}; }},
    {"AGORA_DATA", "a folder", "where the database and generated secrets are stored (--data)", false,
     [](draft& c, const std::string& t) {
         c.data = t;
         return !t.empty();
     },
     [](const draft& c) { return c.data.string(); }},
    {"HOST", "an IP address", "the address to listen on (--host)", false,
     [](draft& c, const std::string& t) {
         boost::system::error_code ec;
         boost::asio::ip::make_address(t, ec);
         c.host = t;
         return !ec;
     },
     [](const draft& c) { return c.host; }},
    {"PORT", "0 to 65535; 0 = any free port", "the port to listen on (--port)", false,
     [](draft& c, const std::string& t) { return parse_number<std::uint16_t>(t, 0, 65535, c.port); },
     [](const draft& c) { return std::to_string(c.port); }},
    {"PUBLIC_URL", "like https://forum.example.org",
     "the address that links in emails, feeds and canonical links start with", false,
     [](draft& c, const std::string& t) {
         c.public_url = t;
         return (t.starts_with("https://") || t.starts_with("http://")) && !t.ends_with('/') &&
                t.find_first_of(" \r\n") == std::string::npos;
     },
     [](const draft& c) { return c.public_url; }},
    {"SITE_NAME", "1 to 60 characters", "the name of the community, on its pages and in its feeds", false,
     [](draft& c, const std::string& t) {
         c.site_name = t;
         return !t.empty() && t.size() <= 60 && t.find_first_of("\r\n\t") == std::string::npos;
     },
     [](const draft& c) { return c.site_name; }},
    {"EXTERNAL_IMAGES", "link or show",
     "what becomes of pictures of other sites in posts: a link, or they are loaded from there", false,
     [](draft& c, const std::string& t) {
         return parse_word<bool>(t, {{"link", false}, {"show", true}}, c.external_images);
     },
     [](const draft& c) { return std::string{c.external_images ? "show" : "link"}; }},
    {"SECURITY_CONTACT", "an address like mailto:security@example.org, or one that begins with https://",
     "where to report a vulnerability, for /.well-known/security.txt", false,
     [](draft& c, const std::string& t) {
         c.security_contact = t;
         return (t.starts_with("mailto:") || t.starts_with("https://")) &&
                std::ranges::all_of(t, [](char ch) { return ch > ' ' && ch < 0x7F; });
     },
     [](const draft& c) { return c.security_contact; }},
    {"CORS_ORIGINS", "origins like https://a.example, separated by commas, or *",
     "websites that may call the API from a browser", false, parse_origins,
     [](const draft& c) { return join(c.cors_origins); }},
    {"TRUSTED_PROXIES", "addresses and networks like 127.0.0.1,10.0.0.0/8",
     "the proxies whose forwarding header is trusted", false,
     [](draft& c, const std::string& t) {
         c.trusted_proxies = t;
         try {
             const http::trusted_proxies readable{t};
         } catch (const std::invalid_argument&) {
             return false;
         }
         return true;
     },
     [](const draft& c) { return c.trusted_proxies; }},
    {"TRUSTED_PROXY_HEADER", "X-Forwarded-For or Forwarded",
     "the header in which they name the client; the other is ignored", false,
     [](draft& c, const std::string& t) {
         const auto* const found =
             std::ranges::find_if(header_names, [&](auto name) { return http::iequals(name, t); });
         c.proxy_header = static_cast<http::forwarding_header>(found - header_names.begin());
         return found != header_names.end();
     },
     [](const draft& c) { return std::string{header_names[static_cast<std::size_t>(c.proxy_header)]}; }},
    {"LOOPS", "0 to 256; 0 = one per core", "number of event loops", false,
     [](draft& c, const std::string& t) { return parse_number<std::size_t>(t, 0, 256, c.loops); },
     [](const draft& c) { return std::to_string(c.loops); }},
    {"MAX_CONNECTIONS", "1 to 1000000", "maximum of open connections; further ones get status 503", false,
     [](draft& c, const std::string& t) { return parse_number<std::size_t>(t, 1, 1'000'000, c.max_connections); },
     [](const draft& c) { return std::to_string(c.max_connections); }},
};

const setting database_settings[] = {
    {"DATABASE_URL", "sqlite:///PATH of a file, or postgresql://USER:PASSWORD@HOST:PORT/NAME", "the database", false,
     [](draft& c, const std::string& t) {
         c.database_url = t;
         return names_sqlite_file(t) || t.starts_with("postgresql://") || t.starts_with("postgres://");
     },
     [](const draft& c) { return redact_url(c.database_url); }},
    {"SQLITE_SYNCHRONOUS", "full or normal", "normal is faster, but may lose the last commits in a power failure",
     false,
     [](draft& c, const std::string& t) {
         return parse_word<synchronous_mode>(
             t, {{"full", synchronous_mode::full}, {"normal", synchronous_mode::normal}}, c.sqlite_synchronous);
     },
     [](const draft& c) { return std::string{c.sqlite_synchronous == synchronous_mode::full ? "full" : "normal"}; }},
    {"SQLITE_CACHE_MB", "3 to 100000", "page cache of an SQLite database, in MiB: two thirds for the writer", false,
     [](draft& c, const std::string& t) { return parse_number<std::size_t>(t, 3, 100'000, c.sqlite_cache_mb); },
     [](const draft& c) { return std::to_string(c.sqlite_cache_mb); }},
};

const setting cache_settings[] = {
    {redis_url, redis_urls, "the Redis that all nodes share; without it everything is in memory", false,
     parse_redis_part<redis_url>, show_redis_part<redis_url>},
    {redis_private_url, redis_urls, "used when REDIS_URL is not set", false, parse_redis_part<redis_private_url>,
     show_redis_part<redis_private_url>},
    {upstash_url, "https://HOST", "Redis over HTTP, used when neither URL above is set", false,
     parse_redis_part<upstash_url>, show_redis_part<upstash_url>},
    {upstash_token, "a token", "the bearer token of UPSTASH_REDIS_REST_URL", true, parse_redis_part<upstash_token>,
     show_redis_secret<upstash_token>},
    {redis_host, "a host name or address", "the Redis server, used when no URL is set", false,
     parse_redis_part<redis_host>, show_redis_part<redis_host>},
    {redis_port, "1 to 65535", "its port (default 6379)", false, parse_redis_part<redis_port>,
     show_redis_part<redis_port>},
    {redis_database, "a number", "its database (default 0)", false, parse_redis_part<redis_database>,
     show_redis_part<redis_database>},
    {redis_password, "any text", "its password", true, parse_redis_part<redis_password>,
     show_redis_secret<redis_password>},
    {"REDIS_STATE_URL", redis_urls, "a separate Redis for sessions and limits; default: the cache's", false,
     [](draft& c, const std::string& t) {
         c.state_url = t;
         auto parsed = larder::redis::parse_url(t);
         if (!parsed) return false;
         c.state = *std::move(parsed);
         return true;
     },
     [](const draft& c) { return redact_url(c.state_url); }},
    {"CACHE_MEMORY_MB", "0 to 1000000; 0 = none, every lookup goes to Redis",
     "size of the cache in this process, in MiB", false,
     [](draft& c, const std::string& t) { return parse_number<std::size_t>(t, 0, 1'000'000, c.cache_memory_mb); },
     [](const draft& c) { return std::to_string(c.cache_memory_mb); }},
    {"CACHE_WARM", "0 to 10000", "popular responses of each cached route to load at startup", false,
     [](draft& c, const std::string& t) { return parse_number<std::size_t>(t, 0, 10'000, c.cache_warm); },
     [](const draft& c) { return std::to_string(c.cache_warm); }},
};

const setting members_settings[] = {
    {"AGORA_SERVICE_TOKEN", "at least 16 characters", "the operator's token: acts as the built-in admin", true,
     [](draft& c, const std::string& t) {
         c.service_token = secret{t};
         return t.size() >= min_service_token;
     },
     [](const draft& c) { return show_secret(c.service_token); }},
    {"SECRET_KEY", "at least 32 characters",
     "signs cursors; generated and kept in the data folder, except in production", true,
     [](draft& c, const std::string& t) {
         c.secret_key = secret{t};
         return t.size() >= min_secret_key;
     },
     [](const draft& c) { return show_secret(c.secret_key); }},
    {"JWT_SECRET_KEY", "at least 32 characters each, separated by commas; prefix EdDSA: for Ed25519; alias JWT_SECRET",
     "the first one signs access tokens, all are accepted; required in production", true,
     [](draft& c, const std::string& t) { return parse_secrets(c.jwt_secrets, t, credentials::eddsa_prefix); },
     [](const draft& c) { return show_secrets(c.jwt_secrets); }},
    {"SESSION_SECRET", "at least 32 characters each, separated by commas",
     "the first one signs session cookies, all are accepted; default: JWT_SECRET_KEY", true,
     [](draft& c, const std::string& t) { return parse_secrets(c.session_secrets, t, ""); },
     [](const draft& c) { return show_secrets(c.session_secrets); }},
    {"SESSION_COOKIE", "letters, digits and . _ -", "the name of the session cookie", false,
     [](draft& c, const std::string& t) {
         c.session_cookie = t;
         return !t.empty() &&
                t.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
                    std::string::npos;
     },
     [](const draft& c) { return c.session_cookie; }},
    {"REGISTRATION", "open or closed", "whether new members can register themselves", false,
     [](draft& c, const std::string& t) {
         return parse_word<bool>(t, {{"open", true}, {"closed", false}}, c.registration_open);
     },
     [](const draft& c) { return std::string{c.registration_open ? "open" : "closed"}; }},
};

const setting mail_settings[] = {
    {"MAIL_URL", "smtp://USER:PASSWORD@HOST:PORT or smtps://",
     "the mail server; without it emails become files in mail/ of the data folder", true,
     [](draft& c, const std::string& t) {
         c.mail_url = secret{t};
         return (t.starts_with("smtp://") && t.size() > 7) || (t.starts_with("smtps://") && t.size() > 8);
     },
     [](const draft& c) { return show_secret(c.mail_url); }},
    {"MAIL_TLS", "required or optional",
     "required: the password is sent only over TLS with a valid certificate; optional: also without TLS", false,
     [](draft& c, const std::string& t) {
         return parse_word<bool>(t, {{"required", true}, {"optional", false}}, c.mail_tls_required);
     },
     [](const draft& c) { return std::string{c.mail_tls_required ? "required" : "optional"}; }},
    {"MAIL_FROM", "an email address", "the sender of emails", false,
     [](draft& c, const std::string& t) {
         c.mail_from = t;
         return t.find('@') != std::string::npos && t.find_first_of(" \r\n<>") == std::string::npos;
     },
     [](const draft& c) { return c.mail_from; }},
};

const setting log_settings[] = {
    {"LOG_LEVEL", "trace, debug, info, warn, error or off", "the lowest severity that is logged", false,
     [](draft& c, const std::string& t) {
         std::transform(t.begin(), t.end(), std::back_inserter(c.log_level = {}),
                        [](char ch) { return ch >= 'A' && ch <= 'Z' ? static_cast<char>(ch + 32) : ch; });
         if (c.log_level == "warning") c.log_level = "warn";
         constexpr std::array<std::string_view, 6> levels{"trace", "debug", "info", "warn", "error", "off"};
         return std::find(levels.begin(), levels.end(), c.log_level) != levels.end();
     },
     [](const draft& c) { return c.log_level; }},
    {"LOG_FORMAT", "auto, text or json", "auto: text on a terminal, JSON lines elsewhere", false,
     [](draft& c, const std::string& t) {
         return parse_word<log_format>(t,
                                       {{log_format_names[0], log_format::automatic},
                                        {log_format_names[1], log_format::text},
                                        {log_format_names[2], log_format::json}},
                                       c.log_style);
     },
     [](const draft& c) { return std::string{log_format_names[static_cast<std::size_t>(c.log_style)]}; }},
    {"LOG_FILE", "a file", "the log goes here instead of standard error; reopened on SIGHUP and SIGUSR1", false,
     [](draft& c, const std::string& t) {
         c.log_file = t;
         return true;
     },
     [](const draft& c) { return c.log_file; }},
    {"ACCESS_LOG", "on or off", "log one line per request", false,
     [](draft& c, const std::string& t) { return parse_word<bool>(t, {{"on", true}, {"off", false}}, c.access_log); },
     [](const draft& c) { return std::string{c.access_log ? "on" : "off"}; }},
    {"NO_COLOR", "any text", "when set, text on a terminal has no colours (no-color.org)", false,
     [](draft& c, const std::string& t) {
         c.color = t.empty();
         return true;
     },
     [](const draft& c) { return std::string{c.color ? "" : "1"}; }},
};

const setting_group groups[] = {
    {"Server", server_settings},
    {"Database", database_settings},
    {"Redis and cache", cache_settings},
    {"Members and secrets", members_settings},
    {"Mail", mail_settings},
    {"Log", log_settings},
};

}  // namespace

std::span<const setting_group> setting_groups() noexcept { return groups; }

const setting* find_setting(std::string_view name) noexcept
{
    for (const auto& g : groups) {
        for (const auto& s : g.settings) {
            if (s.name == name) return &s;
        }
    }
    return nullptr;
}

}  // namespace agora::application
