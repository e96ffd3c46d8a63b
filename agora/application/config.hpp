// SPDX-License-Identifier: MIT
// The configuration: one struct, read once in main. Later sources win: default, configuration file, `.env` in the
// working folder, environment, flag. NAME_FILE reads a value from a file, for secrets. A wrong value throws
// config_error, whose text is the one line that the program prints before it exits with 2.
#pragma once

#include <agora/application/secret.hpp>
#include <agora/http/client_address.hpp>
#include <cstdint>
#include <filesystem>
#include <larder/redis/options.hpp>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace agora::application {

enum class environment { development, testing, production };
enum class synchronous_mode { full, normal };
enum class log_format { automatic, text, json };

/// One setting as it came out, for `agora doctor`; secrets are redacted.
struct effective_setting {
    std::string_view group;
    std::string_view name;
    std::string value;
    std::string source;  ///< "default", "environment", "flag", or the file it came from
    bool differs;        ///< from the default
};

struct config {
    environment env = environment::development;
    std::filesystem::path data = "data/agora";
    std::string database_url;  ///< sqlite:///path or postgresql://...; default: agora.db in the data folder
    std::string host = "127.0.0.1";
    std::uint16_t port = 8080;
    secret service_token;                 ///< empty: no service token is accepted
    secret secret_key;                    ///< signs cursors; see ensure_secret_key()
    std::vector<secret> jwt_secrets;      ///< sign access tokens: the first; all are accepted; see ensure_secret_key()
    std::vector<secret> session_secrets;  ///< sign session cookies: the first; all are accepted
    std::string session_cookie = "jevah.sid";
    bool registration_open = true;
    secret mail_url;                ///< smtp:// or smtps://; empty: mail goes into files in the data folder
    bool mail_tls_required = true;  ///< a password for the mail server is sent only over verified TLS
    std::string mail_from = "agora@localhost";
    std::string public_url = "http://127.0.0.1:8080";  ///< links in mail begin with it
    std::string log_level = "info";
    log_format log_style = log_format::automatic;
    bool color = true;     ///< on a terminal
    std::string log_file;  ///< empty: standard error
    bool access_log = true;
    std::vector<std::string> cors_origins;
    std::string trusted_proxies;  ///< addresses and networks; see http::trusted_proxies
    http::forwarding_header proxy_header = http::forwarding_header::x_forwarded_for;  ///< what they are believed
    std::size_t loops = 0;
    std::size_t max_connections = 10'000;
    synchronous_mode sqlite_synchronous = synchronous_mode::full;
    std::size_t sqlite_cache_mb = 96;  ///< of pages, for the writer and the readers together

    std::optional<larder::redis::options> redis;  ///< none: memory only
    std::optional<larder::redis::options> state;  ///< where sessions and limits are; none: where `redis` says
    std::size_t cache_memory_mb = 64;             ///< of this process's part of the cache; 0: none
    std::size_t cache_warm = 0;                   ///< popular answers of each route to load at start

    std::vector<effective_setting> effective;
};

class config_error : public std::runtime_error {
 public:
    using std::runtime_error::runtime_error;
};

using setting_map = std::map<std::string, std::string, std::less<>>;

struct config_sources {
    setting_map flags;  ///< by setting name, e.g. {"PORT", "8081"}
    setting_map environment;
    std::filesystem::path config_file;  ///< empty: agora.conf in the data folder, when it is there
    std::filesystem::path dotenv = ".env";
};

config load_config(const config_sources& sources);

/// In development a missing SECRET_KEY is made and kept in the data folder, readable by its owner only, and the other
/// secrets are derived from it. In production they must be set: load_config has checked that.
void ensure_secret_key(config& c);

/// 256 random bits as text.
std::string new_secret();

/// Readable by its owner only, and there whole or not at all. Throws config_error.
void write_secret_file(const std::filesystem::path& path, const std::string& text);

/// The text of a secret's file, without its line end. Throws config_error that names the setting.
std::string read_secret_file(std::string_view name, const std::string& path);

/// A secret has fewer characters than this only by mistake.
inline constexpr std::size_t min_secret_key = 32;
inline constexpr std::size_t min_service_token = 16;

/// One setting of the table, for help texts.
struct setting_help {
    std::string_view group;
    std::string_view name;
    std::string_view allowed;
    std::string_view meaning;
};
std::vector<setting_help> all_settings();

/// `environ` as a map.
setting_map read_environment(const char* const* environ);

/// A database URL without its password.
std::string redact_url(std::string_view url);

}  // namespace agora::application
