// SPDX-License-Identifier: MIT
#include <agora/app/config.hpp>
#include <agora/features/auth/jwt.hpp>
#include <agora/http/admission.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>

namespace agora::app {
namespace {

/// What the table below fills: the configuration, and the parts that make sense only together.
struct draft : config {
    setting_map redis_parts;
    std::string state_url;
};

/// One row per setting: everything that knows settings goes through this table.
struct setting {
    std::string_view name;
    std::string_view allowed;
    std::string_view meaning;
    bool is_secret;
    bool (*parse)(draft& c, const std::string& text);
    std::string (*show)(const draft& c);
};

/// The settings of Redis are read together, by larder, in its order of precedence.
template <const char* Name>
bool take_redis_part(draft& c, const std::string& text)
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
bool parse_number(const std::string& text, T least, T most, T& out)
{
    T v{};
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), v);
    if (ec != std::errc{} || end != text.data() + text.size() || v < least || v > most) return false;
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

constexpr std::size_t min_token = 16;

/// At least 32 characters each, separated by commas; `prefix` may stand before each and does not count.
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

constexpr std::array<std::string_view, 3> env_names{"development", "testing", "production"};

const std::array<setting, 33> settings{{
    {"AGORA_ENV", "development, testing or production", "what kind of deployment this is", false,
     [](draft& c, const std::string& t) {
         return parse_word<environment>(t,
                                        {{env_names[0], environment::development},
                                         {env_names[1], environment::testing},
                                         {env_names[2], environment::production}},
                                        c.env);
     },
     [](const draft& c) { return std::string{env_names[static_cast<std::size_t>(c.env)]}; }},
    {"AGORA_DATA", "a folder", "where the database and generated secrets live (--data)", false,
     [](draft& c, const std::string& t) {
         c.data = t;
         return !t.empty();
     },
     [](const draft& c) { return c.data.string(); }},
    {"DATABASE_URL", "sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME", "the database", false,
     [](draft& c, const std::string& t) {
         c.database_url = t;
         return (t.starts_with("sqlite:///") && t.size() > 10) || t.starts_with("postgresql://") ||
                t.starts_with("postgres://");
     },
     [](const draft& c) { return redact_url(c.database_url); }},
    {"HOST", "an IP address", "the address to listen on (--host)", false,
     [](draft& c, const std::string& t) {
         c.host = t;
         return !t.empty() && t.find_first_not_of("0123456789abcdefABCDEF.:") == std::string::npos;
     },
     [](const draft& c) { return c.host; }},
    {"PORT", "0 to 65535; 0 takes any free one", "the port to listen on (--port)", false,
     [](draft& c, const std::string& t) { return parse_number<std::uint16_t>(t, 0, 65535, c.port); },
     [](const draft& c) { return std::to_string(c.port); }},
    {"AGORA_SERVICE_TOKEN", "at least 16 characters", "the operator's key: acts as the built-in admin", true,
     [](draft& c, const std::string& t) {
         c.service_token = secret{t};
         return t.size() >= min_token;
     },
     [](const draft& c) { return show_secret(c.service_token); }},
    {"SECRET_KEY", "at least 32 characters", "signs cursors; made and kept in the data folder unless in production",
     true,
     [](draft& c, const std::string& t) {
         c.secret_key = secret{t};
         return t.size() >= min_secret_key;
     },
     [](const draft& c) { return show_secret(c.secret_key); }},
    {"JWT_SECRET_KEY",
     "at least 32 characters each, separated by commas, EdDSA: before one for Ed25519; alias JWT_SECRET",
     "sign access tokens: the first one; all are accepted. Must be set in production", true,
     [](draft& c, const std::string& t) { return parse_secrets(c.jwt_secrets, t, auth::eddsa_prefix); },
     [](const draft& c) { return show_secrets(c.jwt_secrets); }},
    {"SESSION_SECRET", "at least 32 characters each, separated by commas",
     "sign session cookies: the first one; all are accepted. Default: JWT_SECRET_KEY", true,
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
    {"REGISTRATION", "open or closed", "whether people become members by themselves", false,
     [](draft& c, const std::string& t) {
         return parse_word<bool>(t, {{"open", true}, {"closed", false}}, c.registration_open);
     },
     [](const draft& c) { return std::string{c.registration_open ? "open" : "closed"}; }},
    {"MAIL_URL", "smtp://USER:PASSWORD@HOST:PORT or smtps://",
     "the server that takes mail; none: files in mail/ of the data folder", true,
     [](draft& c, const std::string& t) {
         c.mail_url = secret{t};
         return (t.starts_with("smtp://") && t.size() > 7) || (t.starts_with("smtps://") && t.size() > 8);
     },
     [](const draft& c) { return show_secret(c.mail_url); }},
    {"MAIL_FROM", "an e-mail address", "whom mail is from", false,
     [](draft& c, const std::string& t) {
         c.mail_from = t;
         return t.find('@') != std::string::npos && t.find_first_of(" \r\n<>") == std::string::npos;
     },
     [](const draft& c) { return c.mail_from; }},
    {"PUBLIC_URL", "like https://forum.example.org", "what links in mail begin with", false,
     [](draft& c, const std::string& t) {
         c.public_url = t;
         return (t.starts_with("https://") || t.starts_with("http://")) && !t.ends_with('/') &&
                t.find_first_of(" \r\n") == std::string::npos;
     },
     [](const draft& c) { return c.public_url; }},
    {"REDIS_STATE_URL", redis_urls, "a Redis of its own for sessions and limits; default: the one of the cache", false,
     [](draft& c, const std::string& t) {
         c.state = larder::redis::parse_url(t).value;
         c.state_url = t;
         return c.state.has_value();
     },
     [](const draft& c) { return redact_url(c.state_url); }},
    {"LOG_LEVEL", "trace, debug, info, warn, error or off", "the least severe message that is logged", false,
     [](draft& c, const std::string& t) {
         std::transform(t.begin(), t.end(), std::back_inserter(c.log_level = {}),
                        [](char ch) { return ch >= 'A' && ch <= 'Z' ? static_cast<char>(ch + 32) : ch; });
         if (c.log_level == "warning") c.log_level = "warn";
         constexpr std::array<std::string_view, 6> levels{"trace", "debug", "info", "warn", "error", "off"};
         return std::find(levels.begin(), levels.end(), c.log_level) != levels.end();
     },
     [](const draft& c) { return c.log_level; }},
    {"LOG_FILE", "a file", "logs go here instead of standard error; reopened at SIGHUP", false,
     [](draft& c, const std::string& t) {
         c.log_file = t;
         return true;
     },
     [](const draft& c) { return c.log_file; }},
    {"ACCESS_LOG", "on or off", "one JSON line per request", false,
     [](draft& c, const std::string& t) { return parse_word<bool>(t, {{"on", true}, {"off", false}}, c.access_log); },
     [](const draft& c) { return std::string{c.access_log ? "on" : "off"}; }},
    {"CORS_ORIGINS", "origins like https://a.example, separated by commas, or *", "who may call the API from a browser",
     false, parse_origins, [](const draft& c) { return join(c.cors_origins); }},
    {"TRUSTED_PROXIES", "addresses and networks like 127.0.0.1,10.0.0.0/8", "whose X-Forwarded-For says who asks",
     false,
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
    {"LOOPS", "0 to 256; 0 = one per core", "event loops", false,
     [](draft& c, const std::string& t) { return parse_number<std::size_t>(t, 0, 256, c.loops); },
     [](const draft& c) { return std::to_string(c.loops); }},
    {"MAX_CONNECTIONS", "1 to 1000000", "open connections; more are answered 503", false,
     [](draft& c, const std::string& t) { return parse_number<std::size_t>(t, 1, 1'000'000, c.max_connections); },
     [](const draft& c) { return std::to_string(c.max_connections); }},
    {"SQLITE_SYNCHRONOUS", "full or normal", "normal is faster and may lose the last commits in a power cut", false,
     [](draft& c, const std::string& t) {
         return parse_word<synchronous_mode>(
             t, {{"full", synchronous_mode::full}, {"normal", synchronous_mode::normal}}, c.sqlite_synchronous);
     },
     [](const draft& c) { return std::string{c.sqlite_synchronous == synchronous_mode::full ? "full" : "normal"}; }},
    {"CACHE_MEMORY_MB", "0 to 1000000; 0: none, Redis is asked each time", "the cache in this process", false,
     [](draft& c, const std::string& t) { return parse_number<std::size_t>(t, 0, 1'000'000, c.cache_memory_mb); },
     [](const draft& c) { return std::to_string(c.cache_memory_mb); }},
    {"CACHE_WARM", "0 to 10000", "popular answers of each cached route to load at start, in the background", false,
     [](draft& c, const std::string& t) { return parse_number<std::size_t>(t, 0, 10'000, c.cache_warm); },
     [](const draft& c) { return std::to_string(c.cache_warm); }},
    {redis_url, redis_urls, "the Redis that all nodes share; none: everything stays in memory", false,
     take_redis_part<redis_url>, show_redis_part<redis_url>},
    {redis_private_url, redis_urls, "used when REDIS_URL is not set", false, take_redis_part<redis_private_url>,
     show_redis_part<redis_private_url>},
    {upstash_url, "https://HOST", "Redis over HTTP, used when neither of these is set", false,
     take_redis_part<upstash_url>, show_redis_part<upstash_url>},
    {upstash_token, "the token of that", "its bearer token", true, take_redis_part<upstash_token>,
     show_redis_secret<upstash_token>},
    {redis_host, "a host name or address", "the Redis, when no URL is set", false, take_redis_part<redis_host>,
     show_redis_part<redis_host>},
    {redis_port, "1 to 65535", "its port (default 6379)", false, take_redis_part<redis_port>,
     show_redis_part<redis_port>},
    {redis_database, "a number", "its database (default 0)", false, take_redis_part<redis_database>,
     show_redis_part<redis_database>},
    {redis_password, "any text", "its password", true, take_redis_part<redis_password>,
     show_redis_secret<redis_password>},
}};

const setting* find_setting(std::string_view name)
{
    const auto it = std::find_if(settings.begin(), settings.end(), [&](const setting& s) { return s.name == name; });
    return it == settings.end() ? nullptr : &*it;
}

std::string_view trim(std::string_view v)
{
    while (!v.empty() && (v.front() == ' ' || v.front() == '\t')) v.remove_prefix(1);
    while (!v.empty() && (v.back() == ' ' || v.back() == '\t' || v.back() == '\r')) v.remove_suffix(1);
    return v;
}

/// NAME=VALUE lines; `#` starts a comment line, quotes around a value are taken off.
setting_map read_settings_file(const std::filesystem::path& path)
{
    std::ifstream in{path};
    if (!in) throw config_error{"cannot read the configuration file " + path.string()};
    setting_map found;
    int number = 0;
    for (std::string line; std::getline(in, line);) {
        ++number;
        auto text = trim(line);
        if (text.empty() || text.front() == '#') continue;
        if (text.starts_with("export ")) text.remove_prefix(7);
        const auto equals = text.find('=');
        if (equals == std::string_view::npos) {
            throw config_error{path.string() + ":" + std::to_string(number) + ": not NAME=VALUE"};
        }
        auto value = trim(text.substr(equals + 1));
        if (value.size() >= 2 && value.front() == value.back() && (value.front() == '"' || value.front() == '\'')) {
            value = value.substr(1, value.size() - 2);
        }
        found.insert_or_assign(std::string{trim(text.substr(0, equals))}, std::string{value});
    }
    return found;
}

struct found_value {
    std::string text;
    std::string source;
};

/// The value of one setting in one source, directly or through NAME_FILE.
std::optional<found_value> look_up(const setting_map& in, std::string_view name, const std::string& source)
{
    if (const auto it = in.find(name); it != in.end()) return found_value{it->second, source};
    if (const auto it = in.find(std::string{name} + "_FILE"); it != in.end()) {
        return found_value{read_secret_file(name, it->second), it->second};
    }
    return std::nullopt;
}

void apply(draft& c, const setting& s, const found_value& v)
{
    if (s.parse(c, v.text)) return;
    const std::string shown =
        s.is_secret ? "(a value of " + std::to_string(v.text.size()) + " characters)" : "\"" + v.text + "\"";
    throw config_error{std::string{s.name} + " is " + shown + " (from " + v.source +
                       "); allowed: " + std::string{s.allowed}};
}

void refuse_unknown_names(const setting_map& in, const std::filesystem::path& file)
{
    for (const auto& [name, value] : in) {
        std::string_view plain = name.starts_with("JWT_SECRET") ? "JWT_SECRET_KEY" : std::string_view{name};
        if (plain.ends_with("_FILE") && find_setting(plain) == nullptr) plain.remove_suffix(5);
        if (find_setting(plain) == nullptr) {
            throw config_error{name + " in " + file.string() + " is no setting; `agora doctor` lists all"};
        }
    }
}

struct source {
    std::string name;
    setting_map values;
};

/// Lowest first. The data folder decides where the configuration file is, so it is looked up before.
std::vector<source> open_sources(const config_sources& from)
{
    std::vector<source> all;
    std::vector<source> above;
    if (std::filesystem::exists(from.dotenv)) above.push_back({from.dotenv.string(), read_settings_file(from.dotenv)});
    above.push_back({"environment", from.environment});
    above.push_back({"flag", from.flags});
    auto file = from.config_file;
    if (file.empty()) {
        std::filesystem::path data = config{}.data;
        for (const auto& s : above) {
            if (const auto v = look_up(s.values, "AGORA_DATA", s.name)) data = v->text;
        }
        if (std::filesystem::exists(data / "agora.conf")) file = data / "agora.conf";
    }
    if (!file.empty()) {
        all.push_back({file.string(), read_settings_file(file)});
        refuse_unknown_names(all.back().values, file);
    }
    std::move(above.begin(), above.end(), std::back_inserter(all));
    for (auto& s : all) {
        for (const char* end : {"", "_FILE"}) {
            auto alias = s.values.extract(std::string{"JWT_SECRET"} + end);
            if (alias) s.values.emplace(std::string{"JWT_SECRET_KEY"} + end, alias.mapped());
        }
    }
    return all;
}

void find_redis(draft& c)
{
    auto found = larder::redis::from_environment([&](const char* name) {
        const auto it = c.redis_parts.find(name);
        return it == c.redis_parts.end() ? std::string{} : it->second;
    });
    if (!found.problem.empty()) throw config_error{found.problem};
    c.redis = std::move(found.value);
}

}  // namespace

config load_config(const config_sources& from)
{
    const auto sources = open_sources(from);
    draft c;
    std::vector<std::string> origin(settings.size(), "default");
    for (std::size_t i = 0; i < settings.size(); ++i) {
        std::optional<found_value> last;
        for (const auto& s : sources) {
            if (auto v = look_up(s.values, settings[i].name, s.name)) last = std::move(v);
        }
        if (!last) continue;
        apply(c, settings[i], *last);
        origin[i] = last->source;
    }
    if (c.database_url.empty()) c.database_url = "sqlite:///" + (c.data / "agora.db").string();
    if (c.env == environment::production && c.secret_key.empty()) {
        throw config_error{"SECRET_KEY is not set; in production it must be, with at least 32 characters"};
    }
    if (c.env == environment::production && c.jwt_secrets.empty()) {
        throw config_error{"JWT_SECRET_KEY is not set; in production it must be, with at least 32 characters"};
    }
    find_redis(c);
    for (std::size_t i = 0; i < settings.size(); ++i)
        c.effective.push_back({settings[i].name, settings[i].show(c), origin[i]});
    return c;
}

std::vector<setting_help> all_settings()
{
    std::vector<setting_help> all;
    for (const auto& s : settings) all.push_back({s.name, s.allowed, s.meaning});
    return all;
}

setting_map read_environment(const char* const* environ)
{
    setting_map found;
    for (; *environ != nullptr; ++environ) {
        const std::string_view pair{*environ};
        const auto equals = pair.find('=');
        if (equals != std::string_view::npos) found.emplace(pair.substr(0, equals), pair.substr(equals + 1));
    }
    return found;
}

std::string redact_url(std::string_view url)
{
    const auto start = url.find("://");
    const auto at = url.rfind('@');
    if (start == std::string_view::npos || at == std::string_view::npos || at < start) return std::string{url};
    const auto colon = url.find(':', start + 3);
    if (colon == std::string_view::npos || colon > at) return std::string{url};
    return std::string{url.substr(0, colon + 1)} + "***" + std::string{url.substr(at)};
}

}  // namespace agora::app
