// SPDX-License-Identifier: MIT
// The configuration: one struct, which main reads once. Later sources override earlier ones: default, configuration
// file, `.env` in the working directory, environment, flag. NAME_FILE reads a value from a file, which is meant for
// secrets. An invalid value throws config_error, whose text is the one line that the program prints before it exits
// with status 2.
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

/// The resulting value of one setting, for `agora doctor`. Secrets are redacted.
struct effective_setting {
    std::string_view group;
    std::string_view name;
    std::string value;
    std::string source;  ///< "default", "environment", "flag", or the path of the file it came from
    bool differs;        ///< whether the value differs from the default
};

struct config {
    environment env = environment::development;
    std::filesystem::path data = "data/agora";
    std::string database_url;  ///< sqlite:///path or postgresql://...; default: agora.db in the data folder
    std::string host = "127.0.0.1";
    std::uint16_t port = 8080;
    secret service_token;             ///< empty: service tokens are not accepted
    secret secret_key;                ///< signs cursors; see ensure_secret_key()
    std::vector<secret> jwt_secrets;  ///< the first one signs access tokens, all are accepted; see ensure_secret_key()
    std::vector<secret> session_secrets;  ///< the first one signs session cookies, all are accepted
    std::string session_cookie = "jevah.sid";
    bool registration_open = true;
    secret mail_url;                ///< smtp:// or smtps://; empty: emails are written to files in the data folder
    bool mail_tls_required = true;  ///< whether the mail server's password is sent only over verified TLS
    std::string mail_from = "agora@localhost";
    std::string site_name = "Agora";                   ///< the name of the community
    std::string public_url = "http://127.0.0.1:8080";  ///< begins the links in emails, and canonical addresses
    bool external_images = false;                      ///< whether posts show pictures of other sites
    std::string security_contact;                      ///< mailto: or https:; empty: there is no security.txt
    std::string log_level = "info";
    log_format log_style = log_format::automatic;
    bool color = true;     ///< whether text on a terminal is coloured
    std::string log_file;  ///< empty: standard error
    bool access_log = true;
    std::vector<std::string> cors_origins;
    std::string trusted_proxies;  ///< addresses and networks; see http::trusted_proxies
    http::forwarding_header proxy_header =
        http::forwarding_header::x_forwarded_for;  ///< the header that they are trusted to set
    std::size_t loops = 0;
    std::size_t max_connections = 10'000;
    synchronous_mode sqlite_synchronous = synchronous_mode::full;
    std::size_t sqlite_cache_mb = 96;  ///< page cache of the writer and the readers together, in MiB

    std::optional<larder::redis::options> redis;  ///< none: the cache is only in memory
    std::optional<larder::redis::options> state;  ///< the Redis of sessions and limits; none: the same as `redis`
    std::size_t cache_memory_mb = 64;             ///< size of the in-process cache (L1), in MiB; 0: no L1
    std::size_t cache_warm = 0;                   ///< number of popular responses per route to load at startup

    std::vector<effective_setting> effective;
};

class config_error : public std::runtime_error {
 public:
    using std::runtime_error::runtime_error;
};

using setting_map = std::map<std::string, std::string, std::less<>>;

struct config_sources {
    setting_map flags;  ///< by name of the setting, e.g. {"PORT", "8081"}
    setting_map environment;
    std::filesystem::path config_file;  ///< empty: agora.conf in the data folder, if it exists
    std::filesystem::path dotenv = ".env";
};

config load_config(const config_sources& sources);

/// In development and testing a missing SECRET_KEY is generated and stored in the data folder, readable by its owner
/// only, and missing JWT and session secrets are derived. In production SECRET_KEY and JWT_SECRET_KEY must be set;
/// load_config() has checked that.
void ensure_secret_key(config& c);

/// Returns 256 random bits as hexadecimal text.
std::string new_secret();

/// Writes a file that is readable by its owner only. The file appears completely or not at all. Throws config_error.
void write_secret_file(const std::filesystem::path& path, const std::string& text);

/// Returns the content of a secret's file without trailing line ends. Throws a config_error that names the setting.
std::string read_secret_file(std::string_view name, const std::string& path);

/// The minimum lengths of secrets, in characters.
inline constexpr std::size_t min_secret_key = 32;
inline constexpr std::size_t min_service_token = 16;

/// The description of one setting, for help texts.
struct setting_help {
    std::string_view group;
    std::string_view name;
    std::string_view allowed;
    std::string_view meaning;
    std::string default_value;  ///< empty: none, or a secret
};
std::vector<setting_help> all_settings();

/// Converts `environ` to a map.
setting_map read_environment(const char* const* environ);

/// Replaces the password in a URL by ***.
std::string redact_url(std::string_view url);

}  // namespace agora::application
