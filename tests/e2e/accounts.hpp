// SPDX-License-Identifier: MIT
// The fixture for tests with accounts: a server without data, on SQLite and memory and on PostgreSQL and Redis, and
// members who sign in to it. A suite derives from accounts_on and is instantiated by ACCOUNTS_SUITE.
#pragma once

#include <gmock/gmock.h>

#include <larder/testing/redis_server.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/e2e/agora_process.hpp"

namespace agora::e2e {

using larder::testing::redis_server;
using ::testing::HasSubstr;
using ::testing::Not;

inline const std::string ann = R"({"username":"Ann","email":"ann@example.org","password":"kelp-morning-7"})";
inline const std::string ann_signs_in = R"({"username":"ann","password":"kelp-morning-7"})";

inline std::string unquoted(const std::string& json)
{
    return json.size() < 2 ? json : json.substr(1, json.size() - 2);
}
inline std::string value_of(const answer& a, const std::string& name)
{
    const auto all = values_of(a.body, name);
    return all.empty() ? "" : unquoted(all[0]);
}
inline std::string bearer(const std::string& token) { return "Authorization: Bearer " + token + "\r\n"; }

class accounts_on : public ::testing::TestWithParam<const char*> {
 protected:
    explicit accounts_on(std::vector<std::string> more_settings = {}) : more_settings_{std::move(more_settings)}
    {
        if (on_redis()) redis_server::shared().command({"FLUSHALL"});
        server_ = std::make_unique<agora_process>(data_, settings(), false);
    }
    bool on_redis() const { return GetParam() == std::string{"postgresql"}; }
    std::vector<std::string> settings() const
    {
        auto all = more_settings_;
        if (on_redis()) all.push_back("REDIS_URL=" + redis_server::shared().url());
        return all;
    }
    answer ask(const std::string& method, const std::string& target, const std::string& fields = {},
               const std::string& body = {})
    {
        return call(server_->port(), method, target, fields, body);
    }
    /// Registers a member and returns their access token.
    std::string enroll(const std::string& body = ann)
    {
        const auto a = ask("POST", "/api/auth/register", {}, body);
        EXPECT_EQ(a.status, 201) << a.body;
        return value_of(a, "access_token");
    }
    /// Starts a session of ann's and returns its header fields `Cookie:` and `X-CSRF-Token:`.
    std::pair<std::string, std::string> cookie()
    {
        const auto a = ask("POST", "/api/sessions", {}, ann_signs_in);
        EXPECT_EQ(a.status, 201) << a.body;
        const auto set = a.field("Set-Cookie");
        return {"Cookie: " + set.substr(0, set.find(';')) + "\r\n",
                "X-CSRF-Token: " + value_of(a, "csrf_token") + "\r\n"};
    }

    const std::vector<std::string> more_settings_;
    community data_{GetParam()};
    std::unique_ptr<agora_process> server_;
};
#define ACCOUNTS_SUITE(suite)                                                        \
    INSTANTIATE_TEST_SUITE_P(each, suite, ::testing::Values("sqlite", "postgresql"), \
                             [](const auto& p) { return p.param; })

}  // namespace agora::e2e
