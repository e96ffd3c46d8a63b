// SPDX-License-Identifier: MIT
// Loading the configuration. load_config() opens the sources in order of precedence, takes the last value of each
// setting, parses it with the table in settings.cpp, and checks the secrets that production requires. Start there.
// Invariant: no error text contains the value of a secret.
#include <agora/application/secret_strength.hpp>
#include <agora/application/settings.hpp>
#include <agora/credentials/jwt.hpp>

#include <fstream>
#include <iterator>
#include <larder/ascii.hpp>
#include <larder/utf8.hpp>
#include <optional>

namespace agora::application {
namespace {

/// Reads NAME=VALUE lines. Lines that begin with `#` are comments, and quotes around a value are removed.
setting_map read_settings_file(const std::filesystem::path& path)
{
    std::ifstream in{path};
    if (!in) throw config_error{"cannot read the configuration file " + path.string()};
    setting_map found;
    int number = 0;
    for (std::string line; std::getline(in, line);) {
        ++number;
        if (number == 1 && line.starts_with("\xef\xbb\xbf")) line.erase(0, 3);  // the byte order mark of some editors
        auto text = larder::trimmed(line);
        if (text.empty() || text.front() == '#') continue;
        if (text.starts_with("export ")) text.remove_prefix(7);
        const auto equals = text.find('=');
        if (equals == std::string_view::npos) {
            throw config_error{path.string() + ":" + std::to_string(number) + ": not NAME=VALUE"};
        }
        auto value = larder::trimmed(text.substr(equals + 1));
        if (value.size() >= 2 && value.front() == value.back() && (value.front() == '"' || value.front() == '\'')) {
            value = value.substr(1, value.size() - 2);
        }
        found.insert_or_assign(std::string{larder::trimmed(text.substr(0, equals))}, std::string{value});
    }
    return found;
}

struct found_value {
    std::string text;
    std::string source;
};

/// The value of a setting in one source, given either directly or through NAME_FILE.
std::optional<found_value> find_value(const setting_map& in, std::string_view name, const std::string& source)
{
    if (const auto it = in.find(name); it != in.end()) return found_value{it->second, source};
    if (const auto it = in.find(std::string{name} + "_FILE"); it != in.end()) {
        return found_value{read_secret_file(name, it->second), it->second};
    }
    return std::nullopt;
}

void apply(draft& c, const setting& s, const found_value& v)
{
    // A secret may be any bytes. Every other value is shown, logged, or becomes part of a text.
    if (!s.is_secret && (!larder::is_utf8(v.text) || v.text.find('\0') != std::string::npos))
        throw config_error{std::string{s.name} + " must be UTF-8 text without NUL (from " + v.source + ")"};
    if (s.parse(c, v.text)) return;
    const std::string shown =
        s.is_secret ? "(a value of " + std::to_string(v.text.size()) + " characters)" : "\"" + v.text + "\"";
    throw config_error{std::string{s.name} + " is " + shown + " (from " + v.source +
                       "); allowed: " + std::string{s.allowed}};
}

void reject_unknown_names(const setting_map& in, const std::filesystem::path& file)
{
    for (const auto& [name, value] : in) {
        std::string_view plain = name.starts_with("JWT_SECRET") ? "JWT_SECRET_KEY" : std::string_view{name};
        if (plain.ends_with("_FILE") && find_setting(plain) == nullptr) plain.remove_suffix(5);
        if (find_setting(plain) == nullptr) {
            throw config_error{name + " in " + file.string() + " is not a setting; `agora doctor` lists all settings"};
        }
    }
}

struct source {
    std::string name;
    setting_map values;
};

/// The sources in ascending precedence. AGORA_DATA is looked up first, because the data folder determines where the
/// configuration file is.
std::vector<source> open_sources(const config_sources& from)
{
    std::vector<source> all;
    std::vector<source> overriding;
    if (std::filesystem::exists(from.dotenv))
        overriding.push_back({from.dotenv.string(), read_settings_file(from.dotenv)});
    overriding.push_back({"environment", from.environment});
    overriding.push_back({"flag", from.flags});
    auto file = from.config_file;
    if (file.empty()) {
        std::filesystem::path data = config{}.data;
        for (const auto& s : overriding) {
            if (const auto v = find_value(s.values, "AGORA_DATA", s.name)) data = v->text;
        }
        if (std::filesystem::exists(data / "agora.conf")) file = data / "agora.conf";
    }
    if (!file.empty()) {
        all.push_back({file.string(), read_settings_file(file)});
        reject_unknown_names(all.back().values, file);
    }
    std::move(overriding.begin(), overriding.end(), std::back_inserter(all));
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
    if (!found) throw config_error{found.error().message};
    c.redis = *std::move(found);
}

}  // namespace

namespace {

void require_strong(const secret& s, std::string_view name, std::size_t min_length)
{
    auto text = s.reveal();  // reveal(): to estimate its strength
    if (text.starts_with(credentials::eddsa_prefix)) text.remove_prefix(credentials::eddsa_prefix.size());
    if (estimated_bits(text) < min_bits(min_length))
        throw config_error{
            std::string{name} +
            " is easy to guess; production requires a random value, like the output of `openssl rand -hex 32`"};
}

void require_production_secrets(const config& c)
{
    if (c.env != environment::production) return;
    if (c.secret_key.empty())
        throw config_error{"SECRET_KEY is not set; production requires it, with at least 32 characters"};
    if (c.jwt_secrets.empty())
        throw config_error{"JWT_SECRET_KEY is not set; production requires it, with at least 32 characters"};
    require_strong(c.secret_key, "SECRET_KEY", min_secret_key);
    for (const auto& s : c.jwt_secrets) require_strong(s, "JWT_SECRET_KEY", min_secret_key);
    for (const auto& s : c.session_secrets) require_strong(s, "SESSION_SECRET", min_secret_key);
    if (!c.service_token.empty()) require_strong(c.service_token, "AGORA_SERVICE_TOKEN", min_service_token);
}

std::string default_database(const config& c) { return "sqlite:///" + (c.data / "agora.db").string(); }

}  // namespace

config load_config(const config_sources& from)
{
    const auto sources = open_sources(from);
    draft c;
    std::map<std::string_view, std::string> origin;
    for (const auto& group : setting_groups()) {
        for (const auto& s : group.settings) {
            std::optional<found_value> last;
            for (const auto& source : sources) {
                if (auto v = find_value(source.values, s.name, source.name)) last = std::move(v);
            }
            if (!last) continue;
            apply(c, s, *last);
            origin[s.name] = last->source;
        }
    }
    draft defaults;
    defaults.database_url = default_database(c);
    if (c.database_url.empty()) c.database_url = defaults.database_url;
    require_production_secrets(c);
    find_redis(c);
    for (const auto& group : setting_groups()) {
        for (const auto& s : group.settings) {
            const auto found = origin.find(s.name);
            const auto value = s.show(c);
            c.effective.push_back({group.title, s.name, value, found == origin.end() ? "default" : found->second,
                                   value != s.show(defaults)});
        }
    }
    return c;
}

std::vector<setting_help> all_settings()
{
    const draft defaults;
    std::vector<setting_help> all;
    for (const auto& group : setting_groups()) {
        for (const auto& s : group.settings)
            all.push_back({group.title, s.name, s.allowed, s.meaning, s.is_secret ? std::string{} : s.show(defaults)});
    }
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

}  // namespace agora::application
