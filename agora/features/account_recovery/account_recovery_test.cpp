// SPDX-License-Identifier: MIT
// Changing an e-mail address, on both databases: who gets which email, what the tokens do, and that a stranger learns
// nothing.
#include <gmock/gmock.h>
#include <agora/features/account_recovery/account_recovery.hpp>
#include <agora/features/sign_ins/sign_ins_fixture.hpp>

namespace agora::account_recovery {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

/// A mailer that keeps the emails.
class pile final : public mail::mailer {
 public:
    asio::awaitable<std::string> deliver(const mail::email& l) override
    {
        letters.push_back(l);
        co_return "";
    }
    void stop() noexcept override {}
    std::vector<mail::email> letters;
};

class emails_in : public sign_ins::sign_ins_in {
 protected:
    outcome<void> ask(std::int64_t id, const std::string& email, const std::string& password = "kelp-morning-7")
    {
        return run(recovery_.ask_change(id, {email, password}, from()));
    }
    outcome<void> confirm(const std::string& token) { return run(recovery_.confirm_change(token, from())); }
    /// Sends all emails that are due, and returns those to the address.
    std::vector<mail::email> emails_to(const std::string& address)
    {
        while (run(recovery_.send_next(pile_))) {
        }
        std::vector<mail::email> found;
        for (const auto& l : pile_.letters)
            if (l.to == address) found.push_back(l);
        return found;
    }
    /// The token in the newest email to the address.
    std::string token_to(const std::string& address)
    {
        const auto all = emails_to(address);
        if (all.empty()) return {};
        const auto& text = all.back().text;
        const auto at = text.find("?token=");
        return at == std::string::npos ? "" : text.substr(at + 7, text.find('\n', at) - at - 7);
    }
    std::string email_of(std::int64_t id) { return run(store_.find(id))->email; }

    api_keys::slice keys_{parts()};
    account_recovery::slice recovery_{parts(), accounts_, keys_, events_, "https://forum.example.org"};
    pile pile_;
};
FORUM_SUITE(emails_in);

TEST_P(emails_in, changes_when_the_letter_to_the_new_address_is_confirmed)
{
    const auto ann = enroll("ann");
    const auto here = *sign_in_as("ann");
    EXPECT_TRUE(ask(ann, " New@Example.org "));
    EXPECT_EQ(email_of(ann), "ann@example.org") << "not yet";
    const auto token = token_to("new@example.org");
    EXPECT_EQ(token.size(), 43U);
    const auto invitation = emails_to("new@example.org").back();
    EXPECT_EQ(invitation.subject, "Confirm your new address");
    EXPECT_THAT(invitation.text, HasSubstr("The member ann of https://forum.example.org"));
    EXPECT_THAT(invitation.text, HasSubstr("https://forum.example.org/confirm-email?token="));
    const auto warning = emails_to("ann@example.org").back();
    EXPECT_EQ(warning.subject, "Your address is about to change");
    EXPECT_THAT(warning.text, HasSubstr("your account ann"));
    EXPECT_THAT(warning.text, Not(HasSubstr("token")));

    EXPECT_TRUE(confirm(token));
    EXPECT_EQ(email_of(ann), "new@example.org");
    EXPECT_TRUE(run(store_.find(ann))->verified);
    EXPECT_EQ(confirm(token).error().code, "bad_token") << "a token works once";
    EXPECT_EQ(emails_to("ann@example.org").back().subject, "Your address was changed");
    EXPECT_TRUE(sign_in_as("new@example.org"));
    EXPECT_FALSE(sign_in_as("ann@example.org"));
    EXPECT_TRUE(run(sign_ins_.exchange(here.refresh_token, from()))) << "sign-ins stay valid";
    EXPECT_THAT(events(), ::testing::IsSupersetOf({"email_change_asked", "email_changed"}));
}

TEST_P(emails_in, needs_the_password_and_another_address)
{
    const auto ann = enroll("ann");
    EXPECT_EQ(ask(ann, "new@example.org", "guessed-guessed").error().fields[0].field, "password");
    for (const auto* wrong : {"", "new", "new@example", "new@example.org\r\nBcc: x@example.org", "a b@example.org"})
        EXPECT_EQ(ask(ann, wrong).error().fields[0].code, "invalid") << wrong;
    EXPECT_EQ(ask(ann, "ANN@example.org").error().fields[0].code, "unchanged");
    EXPECT_EQ(ask(1, "new@example.org").error().code, "no_account") << "the operator has no account";
    EXPECT_EQ(confirm("").error().code, "bad_token");
    EXPECT_EQ(emails_to("new@example.org").size(), 0U);
}

TEST_P(emails_in, a_taken_address_is_told_to_its_owner_only)
{
    const auto ann = enroll("ann");
    const auto bob = enroll("bob");
    EXPECT_TRUE(run(store_.verify_email(bob, "bob@example.org", clock_.wall())));
    EXPECT_TRUE(ask(ann, "bob@example.org")) << "the response does not reveal that the address is taken";
    const auto told = emails_to("bob@example.org").back();
    EXPECT_EQ(told.subject, "You already have an account");
    EXPECT_THAT(told.text, HasSubstr("your account bob"));
    EXPECT_THAT(told.text, Not(HasSubstr("token")));
    EXPECT_EQ(number("SELECT count(*) FROM one_time_tokens WHERE purpose = 'change'"), 0);
}

TEST_P(emails_in, of_two_who_confirm_one_address_the_first_gets_it)
{
    const auto ann = enroll("ann");
    const auto bob = enroll("bob");
    EXPECT_TRUE(ask(ann, "new@example.org"));
    const auto anns = token_to("new@example.org");
    EXPECT_TRUE(ask(bob, "new@example.org"));
    const auto bobs = token_to("new@example.org");
    std::vector<asio::awaitable<outcome<void>>> both;
    both.push_back(recovery_.confirm_change(anns, from()));
    both.push_back(recovery_.confirm_change(bobs, from()));
    EXPECT_THAT(together(std::move(both)), UnorderedElementsAre("", "email_taken"));
    EXPECT_EQ(number("SELECT count(*) FROM accounts WHERE email = 'new@example.org'"), 1);
}

TEST_P(emails_in, the_latest_wish_counts_and_ends_in_two_days)
{
    const auto ann = enroll("ann");
    EXPECT_TRUE(ask(ann, "first@example.org"));
    const auto first = token_to("first@example.org");
    EXPECT_TRUE(ask(ann, "second@example.org"));
    const auto second = token_to("second@example.org");
    EXPECT_EQ(confirm(first).error().code, "bad_token");
    clock_.advance(verification_life);
    EXPECT_EQ(confirm(second).error().code, "bad_token");
    EXPECT_EQ(email_of(ann), "ann@example.org");
}

TEST_P(emails_in, a_new_password_stops_it)
{
    const auto ann = enroll("ann");
    EXPECT_TRUE(ask(ann, "thief@example.org"));
    const auto token = token_to("thief@example.org");
    EXPECT_TRUE(run(accounts_.change_password(ann, "kelp-morning-7", "harbour-lamp-3", "", from())));
    EXPECT_EQ(confirm(token).error().code, "bad_token");
    EXPECT_TRUE(ask(ann, "late@example.org", "harbour-lamp-3"));
    EXPECT_TRUE(run(accounts_.change_password(ann, "harbour-lamp-3", "kelp-morning-7", "", from())));
    EXPECT_EQ(token_to("late@example.org"), "") << "the email was not even sent";
}

TEST_P(emails_in, what_the_old_address_holds_is_void)
{
    const auto ann = enroll("ann");
    const auto verify = token_to("ann@example.org");
    const auto forgot = [&]() -> asio::awaitable<bool> {
        co_await recovery_.ask_reset("ann@example.org", from());
        co_return true;
    };
    run(forgot());
    const auto reset = token_to("ann@example.org");
    EXPECT_TRUE(ask(ann, "new@example.org"));
    EXPECT_TRUE(confirm(token_to("new@example.org")));
    EXPECT_EQ(run(recovery_.verify(verify, from())).error().code, "bad_token");
    EXPECT_EQ(run(recovery_.reset(reset, "harbour-lamp-3", from())).error().code, "bad_token");
    run(forgot());
    EXPECT_EQ(token_to("ann@example.org"), "") << "no account has this address any more";
}

TEST_P(emails_in, a_flood_of_letters_is_refused)
{
    const auto ann = enroll("ann");
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(ask(ann, "n" + std::to_string(i) + "@example.org"));
    EXPECT_EQ(ask(ann, "n9@example.org").error().code, "too_many_emails");
    EXPECT_TRUE(emails_to("n9@example.org").empty());
}

TEST_P(emails_in, a_flood_of_sign_ups_with_one_address_does_not_flood_its_owner)
{
    const auto sign_up = [&](const std::string& name) {
        EXPECT_TRUE(run(accounts_.enroll({name, "ann@example.org", "kelp-morning-7"}, "user"))) << name;
    };
    for (int i = 0; i < 9; ++i) sign_up("bot" + std::to_string(i));
    EXPECT_EQ(emails_to("ann@example.org").size(), 5U);
    EXPECT_EQ(number("SELECT count(*) FROM letters"), 0);
    sign_up("ann");
    EXPECT_EQ(emails_to("ann@example.org").size(), 5U);
    enroll("eve");
    EXPECT_EQ(emails_to("eve@example.org").size(), 1U) << "other addresses are not affected";
}

TEST_P(emails_in, every_letter_names_the_account)
{
    const auto ann = enroll("ann");
    EXPECT_TRUE(run(accounts_.enroll({"ann2", "ann@example.org", "kelp-morning-7"}, "user")));
    EXPECT_TRUE(ask(ann, "new@example.org"));
    EXPECT_TRUE(confirm(token_to("new@example.org")));
    const auto forgot = [&]() -> asio::awaitable<bool> {
        co_await recovery_.ask_reset("new@example.org", from());
        co_return true;
    };
    run(forgot());
    emails_to("new@example.org");
    EXPECT_GE(pile_.letters.size(), 6U);
    for (const auto& l : pile_.letters) EXPECT_NE(l.text.find(" ann"), std::string::npos) << l.text;
}

TEST_P(emails_in, somebody_who_asks_for_resets_again_and_again_does_not_spoil_the_owners)
{
    enroll("ann");
    const auto forgot = [&]() -> asio::awaitable<bool> {
        co_await recovery_.ask_reset("ann@example.org", from());
        co_return true;
    };
    run(forgot());
    const auto owners = token_to("ann@example.org");
    for (int i = 0; i < 10; ++i) run(forgot());
    const auto later = token_to("ann@example.org");
    EXPECT_TRUE(run(recovery_.reset(owners, "harbour-lamp-3", from())));
    EXPECT_EQ(run(recovery_.reset(later, "harbour-lamp-4", from())).error().code, "bad_token")
        << "using one token voids the others";
    for (int i = 0; i < 30; ++i) run(forgot());
    token_to("ann@example.org");
    EXPECT_LE(number("SELECT count(*) FROM one_time_tokens WHERE purpose = 'reset'"), 20);
}

}  // namespace
}  // namespace agora::account_recovery
