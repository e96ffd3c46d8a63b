// SPDX-License-Identifier: MIT
// The emails that members get, and what the tokens in them do.
#include <filesystem>
#include <fstream>

#include "tests/e2e/accounts.hpp"

namespace agora::e2e {
namespace {

class mail : public accounts_on {};
ACCOUNTS_SUITE(mail);

/// Waits for an email with this subject in the data folder, removes it and returns its text.
std::string email_about(const community& data, const std::string& subject)
{
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    std::error_code none;
    while (std::chrono::steady_clock::now() < end) {
        for (const auto& f : std::filesystem::directory_iterator{data.folder() / "mail", none}) {
            std::ifstream in{f.path()};
            std::string text{std::istreambuf_iterator<char>{in}, {}};
            if (f.path().extension() != ".eml" || text.find("Subject: " + subject) == std::string::npos) continue;
            std::filesystem::remove(f.path());
            return text;
        }
    }
    return {};
}

std::string token_from_mail(const community& data, const std::string& subject)
{
    const auto text = email_about(data, subject);
    const auto at = text.find("?token=");
    return at == std::string::npos ? "" : text.substr(at + 7, text.find('\r', at) - at - 7);
}

TEST_P(mail, an_address_is_verified_by_its_email)
{
    const auto token = bearer(enroll());
    EXPECT_EQ(values_of(ask("GET", "/api/auth/me", token).body, "email_verified")[0], "false");
    const auto secret = token_from_mail(data_, "Is this your address?");
    EXPECT_EQ(secret.size(), 43U);
    EXPECT_EQ(ask("POST", "/api/auth/verify-email", {}, R"({"token":"forged"})").status, 403);
    EXPECT_EQ(ask("POST", "/api/auth/verify-email", "Host: evil.example\r\n", R"({"token":")" + secret + "\"}").status,
              400)
        << "two Host fields";
    EXPECT_EQ(ask("POST", "/api/auth/verify-email", {}, R"({"token":")" + secret + "\"}").status, 204);
    EXPECT_EQ(ask("POST", "/api/auth/verify-email", {}, R"({"token":")" + secret + "\"}").status, 403) << "used before";
    EXPECT_EQ(values_of(ask("GET", "/api/auth/me", token).body, "email_verified")[0], "true");
}

TEST_P(mail, a_forgotten_password_is_reset_by_the_emailed_token_once)
{
    const auto token = bearer(enroll());
    const auto [cookie_field, csrf] = cookie();
    const auto known = ask("POST", "/api/auth/password/forgot", {}, R"({"email":"Ann@example.org"})");
    const auto unknown = ask("POST", "/api/auth/password/forgot", {}, R"({"email":"nobody@example.org"})");
    EXPECT_EQ(known.status, 202);
    EXPECT_EQ(unknown.status, 202);
    EXPECT_EQ(known.body, unknown.body);
    const auto secret = token_from_mail(data_, "Reset your password");
    const auto reset = [&](const std::string& password) {
        return ask("POST", "/api/auth/password/reset", {},
                   R"({"token":")" + secret + R"(","new_password":")" + password + "\"}");
    };
    EXPECT_EQ(reset("password1").status, 422) << "a refused password does not use the token up";
    EXPECT_EQ(reset("harbour-lamp-3").status, 204);
    EXPECT_EQ(reset("harbour-lamp-4").status, 403);
    EXPECT_EQ(ask("GET", "/api/auth/me", token).status, 401);
    EXPECT_EQ(ask("GET", "/api/auth/me", cookie_field).status, 401);
    EXPECT_EQ(ask("POST", "/api/auth/login", {}, R"({"username":"ann","password":"harbour-lamp-3"})").status, 200);
}

TEST_P(mail, an_address_changes_when_the_new_one_is_confirmed)
{
    const auto token = bearer(enroll());
    const auto [cookie_field, csrf] = cookie();
    const auto change = [&](const std::string& to, const std::string& password) {
        return ask("PUT", "/api/auth/email", token, R"({"email":")" + to + R"(","password":")" + password + "\"}");
    };
    const auto confirm = [&](const std::string& secret) {
        return ask("POST", "/api/auth/email/confirm", {}, R"({"token":")" + secret + "\"}").status;
    };
    EXPECT_EQ(ask("PUT", "/api/auth/email", {}, R"({"email":"n@example.org","password":"kelp-morning-7"})").status,
              401);
    EXPECT_EQ(change("new@example.org", "guessed-guessed").status, 422);
    const auto accepted = change("New@example.org", "kelp-morning-7");
    EXPECT_EQ(accepted.status, 202) << accepted.body;
    EXPECT_EQ(accepted.field("Cache-Control"), "no-store");
    EXPECT_THAT(email_about(data_, "Your address is about to change"), HasSubstr("To: <ann@example.org>"));
    const auto secret = token_from_mail(data_, "Confirm your new address");
    EXPECT_EQ(value_of(ask("GET", "/api/auth/me", token), "email"), "ann@example.org") << "not yet";
    EXPECT_EQ(confirm("forged"), 403);
    EXPECT_EQ(confirm(secret), 204);
    EXPECT_EQ(confirm(secret), 403) << "used before";
    const auto me = ask("GET", "/api/auth/me", token);
    EXPECT_EQ(value_of(me, "email"), "new@example.org");
    EXPECT_EQ(values_of(me.body, "email_verified")[0], "true");
    EXPECT_EQ(ask("GET", "/api/auth/me", cookie_field).status, 200) << "other sign-ins stay valid";
    EXPECT_THAT(email_about(data_, "Your address was changed"), HasSubstr("To: <ann@example.org>"));
    // The response to a taken address is the same as to a free one; only the owner of the address is notified.
    const auto bob = bearer(enroll(R"({"username":"bob","email":"bob@example.org","password":"kelp-morning-7"})"));
    const auto ask_as_bob = [&](const std::string& to) {
        return ask("PUT", "/api/auth/email", bob, R"({"email":")" + to + R"(","password":"kelp-morning-7"})");
    };
    const auto taken = ask_as_bob("new@example.org");
    const auto fresh = ask_as_bob("fresh@example.org");
    EXPECT_EQ(taken.status, 202);
    EXPECT_EQ(taken.body, fresh.body);
}

TEST(smtp, emails_are_sent_to_the_smtp_server)
{
    const community data{"sqlite"};
    const std::string program =
        "import asyncore,smtpd\n"
        "class S(smtpd.SMTPServer):\n"
        " def process_message(self,peer,sender,to,data,**k): print('FROM',sender,'TO',to,data.decode(),'END')\n"
        "s=S(('127.0.0.1',0),None)\nprint('on',s.socket.getsockname()[1],'.')\nasyncore.loop()";
    larder::testing::process smtp{{"/usr/bin/python3", "-u", "-W", "ignore", "-c", program}};
    ASSERT_TRUE(smtp.wait_for_output(" .")) << smtp.output();
    const auto port = std::to_string(std::stoi(smtp.output().substr(smtp.output().find("on ") + 3)));
    const agora_process server{
        data,
        {"MAIL_URL=smtp://127.0.0.1:" + port, "MAIL_FROM=forum@example.org", "PUBLIC_URL=https://forum.example.org"},
        false};
    EXPECT_EQ(call(server.port(), "POST", "/api/auth/register", "X-Forwarded-Host: evil.example\r\n", ann).status, 201);
    ASSERT_TRUE(smtp.wait_for_output("END")) << smtp.output();
    EXPECT_THAT(smtp.output(), HasSubstr("FROM forum@example.org TO ['ann@example.org']"));
    EXPECT_THAT(smtp.output(), HasSubstr("https://forum.example.org/verify-email?token="));
    EXPECT_THAT(smtp.output(), Not(HasSubstr("evil")));
}

TEST_P(mail, only_the_owner_is_notified_of_a_taken_address)
{
    enroll();
    const auto verify = [&](const std::string& secret) {
        return ask("POST", "/api/auth/verify-email", {}, R"({"token":")" + secret + "\"}").status;
    };
    EXPECT_EQ(verify(token_from_mail(data_, "Is this your address?")), 204);
    const auto fresh = ask("POST", "/api/auth/register", {},
                           R"({"username":"eve1","email":"new@example.org","password":"kelp-morning-7"})");
    const auto taken = ask("POST", "/api/auth/register", {},
                           R"({"username":"eve2","email":"ann@example.org","password":"kelp-morning-7"})");
    EXPECT_EQ(fresh.status, 201);
    EXPECT_EQ(taken.status, 201);
    EXPECT_EQ(taken.body.size(), fresh.body.size());
    EXPECT_EQ(values_of(ask("GET", "/api/auth/me", bearer(value_of(taken, "access_token"))).body, "email_verified")[0],
              "false");
    EXPECT_THAT(email_about(data_, "You already have an account"), HasSubstr("sign in as ann"));
    EXPECT_EQ(value_of(ask("GET", "/api/auth/me",
                           bearer(value_of(ask("POST", "/api/auth/login", {},
                                               R"({"username":"ann@example.org","password":"kelp-morning-7"})"),
                                           "access_token"))),
                       "username"),
              "ann");
}

TEST_P(mail, the_owner_of_the_address_can_take_over_the_account)
{
    const auto squatter = bearer(enroll());
    const auto key = value_of(ask("POST", "/api/api-keys", squatter, R"({"name":"k"})"), "key");
    EXPECT_EQ(ask("GET", "/api/auth/me", bearer(key)).status, 200);
    ask("POST", "/api/auth/password/forgot", {}, R"({"email":"ann@example.org"})");
    const auto secret = token_from_mail(data_, "Reset your password");
    EXPECT_EQ(
        ask("POST", "/api/auth/password/reset", {}, R"({"token":")" + secret + R"(","new_password":"harbour-lamp-3"})")
            .status,
        204);
    EXPECT_EQ(ask("GET", "/api/auth/me", bearer(key)).status, 401);
    const auto in = ask("POST", "/api/auth/login", {}, R"({"username":"ann","password":"harbour-lamp-3"})");
    EXPECT_EQ(values_of(ask("GET", "/api/auth/me", bearer(value_of(in, "access_token"))).body, "email_verified")[0],
              "true");
}

}  // namespace
}  // namespace agora::e2e
