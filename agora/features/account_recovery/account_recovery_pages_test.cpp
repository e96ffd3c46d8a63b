// SPDX-License-Identifier: MIT
// The pages that links in emails lead to: opening one consumes nothing, its button works once, and a page for a
// forgotten password does not reveal who has an account.
#include <gmock/gmock.h>
#include <agora/features/account_recovery/account_recovery.hpp>
#include <agora/features/sign_ins/sign_ins_fixture.hpp>

namespace agora::account_recovery {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

/// A mailer that keeps the last email.
class last_email final : public mail::mailer {
 public:
    asio::awaitable<std::string> deliver(const mail::email& l) override
    {
        email = l;
        co_return "";
    }
    void stop() noexcept override {}
    mail::email email;
};

class recovery_pages_in : public sign_ins::sign_ins_in {
 protected:
    /// Sends the emails that wait, and returns the path and query of the link in the last one.
    std::string mailed_link()
    {
        while (run(recovery_.send_next(mailer_))) {
        }
        const auto& text = mailer_.email.text;
        const std::string site = "https://forum.example.org/";
        const auto at = text.find(site);
        return at == std::string::npos ? ""
                                       : text.substr(at + site.size() - 1, text.find('\n', at) - at - site.size() + 1);
    }
    static std::string token_in(const std::string& link) { return link.substr(link.find('=') + 1); }
    bool verified(std::int64_t id) { return run(store_.find(id))->verified; }
    std::int64_t resets() { return number("SELECT count(*) FROM letters WHERE purpose = 'reset' AND user_id > 0"); }
    void expect_expired(const http::response& a)
    {
        EXPECT_EQ(a.status, 403U);
        EXPECT_THAT(a.body, HasSubstr("This link works no longer"));
    }

    api_keys::slice keys_{parts()};
    account_recovery::slice recovery_{parts(), accounts_, keys_, events_, "https://forum.example.org"};
    last_email mailer_;
};
FORUM_SUITE(recovery_pages_in);

TEST_P(recovery_pages_in, nobody_learns_who_has_an_account)
{
    enroll("ann");
    const auto unknown = guest().form("/forgot", "username=nobody");
    EXPECT_EQ(unknown.status, 200U);
    EXPECT_THAT(unknown.body, HasSubstr("Look into your mail"));
    EXPECT_EQ(resets(), 0);
    EXPECT_EQ(guest().form("/forgot", "username=Ann").body, unknown.body);
    EXPECT_EQ(guest().form("/forgot", "username=ann%40example.org").body, unknown.body);
    EXPECT_EQ(resets(), 2) << "by name and by address";
    for (int i = 0; i < 5; ++i) EXPECT_EQ(guest().form("/forgot", "username=ann").body, unknown.body);
    EXPECT_EQ(resets(), 5) << "names and addresses are counted together";
}

TEST_P(recovery_pages_in, a_password_is_reset_by_the_link_once)
{
    enroll("ann");
    mailed_link();
    guest().form("/forgot", "username=ann");
    const auto link = mailed_link();
    EXPECT_THAT(link, ::testing::StartsWith("/reset?token="));
    for (int i = 0; i < 2; ++i) {
        const auto page = guest().get(link);
        EXPECT_EQ(page.status, 200U) << "opening the link consumes nothing";
        EXPECT_EQ(page.cache_control, "no-store");
        EXPECT_THAT(page.body, HasSubstr(R"(<meta name="referrer" content="no-referrer">)"));
        EXPECT_THAT(page.body, HasSubstr(R"(name="token" value=")" + token_in(link)));
    }
    const auto sent = "token=" + token_in(link) + "&new_password=";
    const auto weak = guest().form("/reset", sent + "password1");
    EXPECT_EQ(weak.status, 422U);
    EXPECT_THAT(weak.body, HasSubstr(R"(id="new_password-e")"));
    EXPECT_THAT(weak.body, HasSubstr(token_in(link)));
    EXPECT_THAT(weak.body, Not(HasSubstr("password1")));
    const auto done = guest().form("/reset", sent + "harbour-lamp-3");
    EXPECT_EQ(done.status, 303U);
    EXPECT_THAT(fields_of(done, "Location"), ElementsAre("/sign-in?reset=1"));
    EXPECT_TRUE(check("ann", "harbour-lamp-3"));
    expect_expired(guest().form("/reset", sent + "harbour-lamp-4"));
    expect_expired(guest().get(link));
    expect_expired(guest().get("/reset"));
}

TEST_P(recovery_pages_in, an_address_is_verified_by_the_button_and_not_by_the_link)
{
    const auto ann = enroll("ann");
    const auto link = mailed_link();
    EXPECT_THAT(link, ::testing::StartsWith("/verify-email?token="));
    const auto page = guest().get(link);
    EXPECT_EQ(page.status, 200U);
    EXPECT_THAT(page.body, HasSubstr("<b>ann@example.org</b>"));
    EXPECT_FALSE(verified(ann));
    const auto done = guest().form("/verify-email", "token=" + token_in(link));
    EXPECT_EQ(done.status, 200U);
    EXPECT_THAT(done.body, HasSubstr("Your address is confirmed"));
    EXPECT_TRUE(verified(ann));
    expect_expired(guest().form("/verify-email", "token=" + token_in(link)));
    expect_expired(guest().get(link));
}

TEST_P(recovery_pages_in, an_address_is_changed_with_the_password_and_the_link)
{
    const auto ann = enroll("ann");
    EXPECT_THAT(as(ann).get("/settings/email").body, HasSubstr("<b>ann@example.org</b>"));
    const auto wrong = as(ann).form("/settings/email", "email=new%40example.org&password=guessed-guessed");
    EXPECT_EQ(wrong.status, 401U);
    EXPECT_THAT(wrong.body, HasSubstr(R"(id="password-e")"));
    EXPECT_THAT(wrong.body, HasSubstr(R"(value="new@example.org")"));
    EXPECT_THAT(wrong.body, Not(HasSubstr("guessed")));
    EXPECT_EQ(as(ann).form("/settings/email", "email=new&password=kelp-morning-7").status, 422U);
    const auto asked = as(ann).form("/settings/email", "email=new%40example.org&password=kelp-morning-7");
    EXPECT_THAT(fields_of(asked, "Location"), ElementsAre("/settings/email?done=sent"));
    while (run(recovery_.send_next(mailer_)) && mailer_.email.to != "new@example.org") {
    }
    const auto at = mailer_.email.text.find("/confirm-email?token=");
    ASSERT_NE(at, std::string::npos);
    const auto link = mailer_.email.text.substr(at, mailer_.email.text.find('\n', at) - at);
    EXPECT_EQ(guest().get(link).status, 200U);
    EXPECT_EQ(run(store_.find(ann))->email, "ann@example.org") << "not yet";
    EXPECT_THAT(guest().form("/confirm-email", "token=" + token_in(link)).body, HasSubstr("Your address is changed"));
    EXPECT_EQ(run(store_.find(ann))->email, "new@example.org");
    expect_expired(guest().form("/confirm-email", "token=" + token_in(link)));
}

TEST_P(recovery_pages_in, the_verification_is_sent_again_until_the_address_is_confirmed)
{
    const auto ann = enroll("ann");
    const auto waiting = [&] { return number("SELECT count(*) FROM letters WHERE purpose = 'verify'"); };
    EXPECT_EQ(waiting(), 1);
    EXPECT_THAT(as(ann).get("/settings/email").body, HasSubstr("/settings/email/verify"));
    EXPECT_THAT(fields_of(as(ann).get("/settings/email/verify"), "Location"), ElementsAre("/settings/email"));
    EXPECT_EQ(waiting(), 1);
    const auto again = as(ann).form("/settings/email/verify", "");
    EXPECT_THAT(fields_of(again, "Location"), ElementsAre("/settings/email?done=again"));
    EXPECT_EQ(waiting(), 2);
    EXPECT_TRUE(run(store_.verify_email(ann, "ann@example.org", clock_.wall())));
    EXPECT_THAT(as(ann).get("/settings/email").body, Not(HasSubstr("/settings/email/verify")));
}

TEST_P(recovery_pages_in, passwords_of_guests_are_not_kept)
{
    const auto asked = guest().form("/settings/email", "email=new%40example.org&password=kelp-morning-7");
    EXPECT_EQ(asked.status, 401U);
    EXPECT_THAT(asked.body, HasSubstr(R"(name="kept.email" value="new@example.org")"));
    EXPECT_THAT(asked.body, Not(HasSubstr("kelp-morning-7")));
}

}  // namespace
}  // namespace agora::account_recovery
