// SPDX-License-Identifier: MIT
// Reading the configuration: precedence of the sources, errors that name the setting, and the handling of secrets.
#include <gtest/gtest.h>

#include <agora/application/config.hpp>
#include <fstream>
#include <larder/testing/process.hpp>

namespace agora::application {
namespace {

std::string error_of(const config_sources& from)
{
    try {
        load_config(from);
        return "";
    } catch (const config_error& e) {
        return e.what();
    }
}

class configured : public ::testing::Test {
 protected:
    configured()
    {
        from.dotenv = folder.path() / "no.env";
        from.environment["AGORA_DATA"] = folder.path().string();
    }
    std::filesystem::path write(const std::string& name, const std::string& text)
    {
        std::ofstream{folder.path() / name} << text;
        return folder.path() / name;
    }
    larder::testing::temporary_folder folder;
    config_sources from;
};

TEST_F(configured, later_sources_win)
{
    write("agora.conf", "# comment\nPORT=1001\nLOG_LEVEL=debug\nHOST = \"::1\"\n");
    auto c = load_config(from);
    EXPECT_EQ(c.port, 1001);
    EXPECT_EQ(c.host, "::1");
    EXPECT_EQ(c.database_url, "sqlite:///" + (folder.path() / "agora.db").string());
    from.dotenv = write(".env", "export PORT=1002\nLOG_LEVEL='warn'\n");
    EXPECT_EQ(load_config(from).port, 1002);
    from.environment["PORT"] = "1003";
    EXPECT_EQ(load_config(from).port, 1003);
    from.flags["PORT"] = "1004";
    c = load_config(from);
    EXPECT_EQ(c.port, 1004);
    EXPECT_EQ(c.log_level, "warn");
    const auto port =
        std::find_if(c.effective.begin(), c.effective.end(), [](const auto& s) { return s.name == "PORT"; });
    EXPECT_EQ(port->source, "flag");
    EXPECT_EQ(port->value, "1004");
}

TEST_F(configured, redis_settings_have_the_documented_precedence)
{
    EXPECT_FALSE(load_config(from).redis);
    from.environment["REDIS_HOST"] = "h";
    from.environment["REDIS_PASSWORD"] = "hunter2";
    EXPECT_EQ(load_config(from).redis->addresses[0].host, "h");
    from.environment["REDIS_URL"] = "redis://:hunter2@u/1";
    const auto c = load_config(from);
    EXPECT_EQ(c.redis->addresses[0].host, "u");
    for (const auto& s : c.effective) EXPECT_EQ(s.value.find("hunter2"), std::string::npos) << s.name;
    from.environment["REDIS_URL"] = "redis://h:port";
    EXPECT_EQ(error_of(from), "REDIS_URL: the host and port 'h:port' are invalid");
}

TEST_F(configured, a_value_that_is_not_text_is_rejected_with_its_name)
{
    const std::string bad[] = {"\xff", "http://a.example\xc3", "\xed\xa0\x80", std::string{"a\0b", 3}};
    for (const auto& text : bad) {
        for (const auto* name :
             {"PUBLIC_URL", "MAIL_FROM", "LOG_FILE", "DATABASE_URL", "TRUSTED_PROXIES", "REDIS_HOST"}) {
            from.environment[name] = text;
            EXPECT_EQ(error_of(from), std::string{name} + " must be UTF-8 text without NUL (from environment)");
            from.environment.erase(name);
        }
        from.dotenv = write(".env", "PUBLIC_URL=" + text + "\n");
        EXPECT_NE(error_of(from).find("PUBLIC_URL must be UTF-8 text without NUL (from "), std::string::npos);
        from.dotenv = folder.path() / "no.env";
    }
    from.environment["SECRET_KEY"] = std::string(32, '\xff');
    EXPECT_EQ(error_of(from), "") << "a secret may contain any bytes";
}

TEST_F(configured, a_byte_order_mark_is_not_part_of_the_first_name)
{
    from.dotenv = write(".env", "\xef\xbb\xbfPORT=1002\n");
    EXPECT_EQ(load_config(from).port, 1002);
}

TEST_F(configured, one_forwarding_header_is_trusted)
{
    EXPECT_EQ(load_config(from).proxy_header, http::forwarding_header::x_forwarded_for);
    from.environment["TRUSTED_PROXY_HEADER"] = "forwarded";
    EXPECT_EQ(load_config(from).proxy_header, http::forwarding_header::forwarded);
    from.environment["TRUSTED_PROXY_HEADER"] = "X-Real-IP";
    EXPECT_EQ(error_of(from),
              "TRUSTED_PROXY_HEADER is \"X-Real-IP\" (from environment); allowed: X-Forwarded-For or Forwarded");
}

TEST_F(configured, an_invalid_value_is_reported_with_setting_value_and_allowed_values)
{
    const std::pair<const char*, const char*> wrong[] = {{"PORT", "65536"},
                                                         {"PORT", "http"},
                                                         {"PORT", ""},
                                                         {"LOG_LEVEL", "loud"},
                                                         {"AGORA_ENV", "prod"},
                                                         {"ACCESS_LOG", "yes"},
                                                         {"DATABASE_URL", "mysql://x"},
                                                         {"DATABASE_URL", "sqlite:///"},
                                                         {"DATABASE_URL", "sqlite:///:memory:"},
                                                         {"DATABASE_URL", "sqlite:////:memory:"},
                                                         {"DATABASE_URL", "sqlite:///file:x?mode=memory"},
                                                         {"DATABASE_URL", "sqlite:////tmp/x.db?mode=memory"},
                                                         {"LOG_FORMAT", "xml"},
                                                         {"MAIL_TLS", "yes"},
                                                         {"SQLITE_CACHE_MB", "2"},
                                                         {"LOOPS", "-1"},
                                                         {"MAX_CONNECTIONS", "0"},
                                                         {"CORS_ORIGINS", "a.example"},
                                                         {"CORS_ORIGINS", "https://a.example/"},
                                                         {"HOST", "local host"},
                                                         {"HOST", "1:2"},
                                                         {"HOST", "999.1.1.1"},
                                                         {"SQLITE_SYNCHRONOUS", "off"}};
    for (const auto& [name, value] : wrong) {
        auto bad = from;
        bad.environment[name] = value;
        const auto text = error_of(bad);
        EXPECT_TRUE(text.starts_with(std::string{name} + " is \"" + value + "\"")) << text;
        EXPECT_NE(text.find("allowed: "), std::string::npos) << text;
        EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    }
}

TEST_F(configured, secrets_are_read_from_files_and_never_shown)
{
    from.environment["AGORA_SERVICE_TOKEN_FILE"] = write("token", "0123456789abcdef\n").string();
    from.environment["DATABASE_URL"] = "postgresql://me:hidden-word@localhost/db";
    const auto c = load_config(from);
    EXPECT_TRUE(c.service_token.equals("0123456789abcdef"));
    EXPECT_FALSE(c.service_token.equals("0123456789abcdeF"));
    EXPECT_FALSE(c.service_token.equals("0123456789abcde"));
    for (const auto& s : c.effective) {
        EXPECT_EQ(s.value.find("0123456789abcdef"), std::string::npos) << s.name;
        EXPECT_EQ(s.value.find("hidden-word"), std::string::npos) << s.name;
    }
    from.environment["AGORA_SERVICE_TOKEN"] = "too-short-secret";
    from.environment["SECRET_KEY"] = "short-secret";
    EXPECT_EQ(error_of(from).find("short-secret"), std::string::npos);
    EXPECT_NE(error_of(from).find("SECRET_KEY"), std::string::npos);
}

TEST_F(configured, settings_that_differ_from_the_default_are_marked)
{
    from.environment["PORT"] = "8080";  // set explicitly to the default value
    from.environment["HOST"] = "0.0.0.0";
    from.environment["AGORA_SERVICE_TOKEN"] = "0123456789abcdef";
    std::vector<std::string> differing;
    for (const auto& s : load_config(from).effective) {
        EXPECT_FALSE(s.group.empty()) << s.name;
        if (s.differs) differing.emplace_back(s.name);
    }
    EXPECT_EQ(differing, (std::vector<std::string>{"AGORA_DATA", "HOST", "AGORA_SERVICE_TOKEN"}));
}

TEST_F(configured, an_unknown_name_in_the_file_is_an_error_and_in_the_environment_is_not)
{
    from.environment["SOMETHING"] = "else";
    EXPECT_EQ(error_of(from), "");
    write("agora.conf", "PROT=8081\n");
    EXPECT_TRUE(error_of(from).starts_with("PROT in ")) << error_of(from);
    write("agora.conf", "PORT 8081\n");
    EXPECT_NE(error_of(from).find("agora.conf:1: not NAME=VALUE"), std::string::npos) << error_of(from);
    from.config_file = folder.path() / "missing.conf";
    EXPECT_NE(error_of(from).find("missing.conf"), std::string::npos);
}

TEST_F(configured, production_requires_a_secret_key_and_development_generates_one)
{
    auto c = load_config(from);
    ensure_secret_key(c);
    EXPECT_GE(c.secret_key.size(), 32U);
    auto again = load_config(from);
    ensure_secret_key(again);
    EXPECT_TRUE(again.secret_key.equals(c.secret_key.reveal()));
    const auto mode = std::filesystem::status(folder.path() / "secret_key").permissions();
    EXPECT_EQ(mode & std::filesystem::perms::all,
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    from.environment["AGORA_ENV"] = "production";
    EXPECT_TRUE(error_of(from).starts_with("SECRET_KEY is not set")) << error_of(from);
}

TEST_F(configured, weak_secrets_are_rejected_in_production)
{
    const std::string weak(40, 'a');
    const auto good = [] { return new_secret(); };
    from.environment["SECRET_KEY"] = from.environment["JWT_SECRET_KEY"] = weak;
    EXPECT_EQ(error_of(from), "") << "weak secrets are allowed in development";
    from.environment["AGORA_ENV"] = "production";
    const std::pair<const char*, std::string> settings[] = {{"SECRET_KEY", weak},
                                                            {"JWT_SECRET_KEY", good() + "," + weak},
                                                            {"JWT_SECRET_KEY", "EdDSA:" + weak},
                                                            {"SESSION_SECRET", weak},
                                                            {"AGORA_SERVICE_TOKEN", "change-me-change-me"}};
    for (const auto& [name, value] : settings) {
        from.environment["SECRET_KEY"] = good();
        from.environment["JWT_SECRET_KEY"] = good() + ",EdDSA:" + good();
        from.environment["SESSION_SECRET"] = good();
        from.environment["AGORA_SERVICE_TOKEN"] = good();
        EXPECT_EQ(error_of(from), "");
        from.environment[name] = value;
        EXPECT_TRUE(error_of(from).starts_with(std::string{name} + " is easy to guess")) << name << error_of(from);
        EXPECT_EQ(error_of(from).find(value), std::string::npos);
    }
}

TEST(redact_url, replaces_only_the_password)
{
    EXPECT_EQ(redact_url("postgresql://u:p%40@h:1/d?x=y"), "postgresql://u:***@h:1/d?x=y");
    EXPECT_EQ(redact_url("postgresql://u@h/d"), "postgresql://u@h/d");
    EXPECT_EQ(redact_url("sqlite:///a/b.db"), "sqlite:///a/b.db");
}

}  // namespace
}  // namespace agora::application
