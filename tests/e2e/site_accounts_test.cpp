// SPDX-License-Identifier: MIT
// Accounts on the pages of the site, as a browser without JavaScript uses them: signing in and out, registering, and
// the settings of sessions, password and account. The cookies are those that the server sets.
#include "tests/e2e/accounts.hpp"

namespace agora::e2e {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::StartsWith;

/// The values of all Set-Cookie fields.
std::vector<std::string> cookies_of(const answer& a)
{
    std::vector<std::string> all;
    const std::string field = "\r\nSet-Cookie: ";
    for (auto at = a.head.find(field); at != std::string::npos; at = a.head.find(field, at + 1)) {
        const auto start = at + field.size();
        all.push_back(a.head.substr(start, a.head.find("\r\n", start) - start));
    }
    return all;
}

/// The Cookie field that a browser sends after this response.
std::string jar(const answer& a)
{
    std::string field = "Cookie: ";
    for (const auto& c : cookies_of(a)) field += c.substr(0, c.find(';')) + "; ";
    return field + "x=y\r\n";
}

const std::string from_here = "Sec-Fetch-Site: same-origin\r\n";
const std::string anns = "username=Ann&password=kelp-morning-7";

class site_accounts : public accounts_on {
 protected:
    explicit site_accounts(std::vector<std::string> more_settings = {}) : accounts_on{std::move(more_settings)} {}

    /// Submits a form. `fields` begin with where the form comes from.
    answer submit(const std::string& target, const std::string& form, const std::string& fields = from_here)
    {
        http::raw_client client{server_->port()};
        client.send("POST " + target + " HTTP/1.1\r\nHost: e2e\r\n" + fields +
                    "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " +
                    std::to_string(form.size()) + "\r\n\r\n" + form);
        return answer{client.answer()};
    }
    std::string sign_in(const std::string& form = anns)
    {
        const auto a = submit("/sign-in", form + "&next=/");
        EXPECT_EQ(a.status, 303) << a.body;
        return jar(a);
    }
    std::string location(const std::string& target, const std::string& fields = {})
    {
        const auto a = ask("GET", target, fields);
        return a.status == 303 ? a.field("Location") : "status " + std::to_string(a.status);
    }
};
ACCOUNTS_SUITE(site_accounts);

TEST_P(site_accounts, a_member_signs_in_and_out)
{
    enroll();
    EXPECT_THAT(ask("GET", "/sign-in?next=/write").body, HasSubstr(R"(name="next" value="/write")"));
    const auto in = submit("/sign-in", anns + "&next=/write");
    EXPECT_EQ(in.status, 303) << in.body;
    const auto check = in.field("Location");
    EXPECT_THAT(check, StartsWith("/sign-in/check?next="));
    EXPECT_THAT(cookies_of(in), ElementsAre(AllOf(StartsWith("jevah.sid="), HasSubstr("HttpOnly")),
                                            AllOf(StartsWith("agora.in=1; Path=/; Max-Age="), HasSubstr("SameSite=Lax"),
                                                  Not(HasSubstr("Secure")))));
    const auto cookies = jar(in);
    EXPECT_EQ(location(check, cookies), "/write");
    const auto off = ask("GET", check);
    EXPECT_EQ(off.status, 200);
    EXPECT_THAT(off.body, HasSubstr("Your browser keeps no cookies"));

    const auto page = ask("GET", "/write", cookies);
    EXPECT_EQ(page.status, 200);
    EXPECT_THAT(page.body, HasSubstr(R"(href="/u/ann")")) << "the account box";
    EXPECT_EQ(location("/sign-in?next=/write", cookies), "/write") << "signed in already";
    EXPECT_EQ(location("/register", cookies), "/");

    EXPECT_EQ(location("/sign-out", cookies), "/");
    EXPECT_EQ(ask("GET", "/write", cookies).status, 200) << "opening the address does not sign out";
    const auto out = submit("/sign-out", "", from_here + cookies);
    EXPECT_EQ(out.status, 303);
    EXPECT_EQ(out.field("Location"), "/");
    EXPECT_EQ(out.field("Clear-Site-Data"), "\"cache\"");
    EXPECT_THAT(cookies_of(out), ElementsAre(AllOf(StartsWith("jevah.sid=;"), HasSubstr("Max-Age=0")),
                                             AllOf(StartsWith("agora.in=;"), HasSubstr("Max-Age=0"))));
    EXPECT_EQ(ask("GET", "/write", cookies).status, 401);
    EXPECT_EQ(submit("/sign-out", "", from_here + cookies).field("Location"), "/") << "signed out already";
}

TEST_P(site_accounts, a_wrong_password_keeps_the_name_only)
{
    enroll();
    const auto wrong = submit("/sign-in", "username=Ann&password=guessed-guessed&next=/write&form=/posts&kept.title=T");
    EXPECT_EQ(wrong.status, 401);
    EXPECT_THAT(wrong.body, HasSubstr("The name or the password is wrong."));
    EXPECT_THAT(wrong.body, HasSubstr(R"(value="Ann")"));
    EXPECT_THAT(wrong.body, HasSubstr(R"(name="next" value="/write")"));
    EXPECT_THAT(wrong.body, HasSubstr(R"(name="form" value="/posts")"));
    EXPECT_THAT(wrong.body, HasSubstr(R"(name="kept.title" value="T")"));
    EXPECT_THAT(wrong.body, Not(HasSubstr("guessed")));
    EXPECT_TRUE(cookies_of(wrong).empty());
}

TEST_P(site_accounts, one_returns_only_to_pages_of_this_site)
{
    for (const auto* next : {"//evil.example", "https://evil.example/", "/%5Cevil.example", "/nowhere", "/api/posts",
                             "/sign-in", "/sign-in/check", "/register", "/sign-out", "javascript:alert(1)"})
        EXPECT_THAT(ask("GET", std::string{"/sign-in?next="} + next).body, HasSubstr(R"(name="next" value="/")"))
            << next;
    const auto after = [&](const std::string& referer) {
        const auto body = ask("GET", "/sign-in", "Referer: " + referer + "\r\n").body;
        const std::string before = R"(name="next" value=")";
        const auto at = body.find(before) + before.size();
        return body.substr(at, body.find('"', at) - at);
    };
    EXPECT_EQ(after("http://e2e/write"), "/write");
    EXPECT_EQ(after("http://e2e/top?after=x"), "/top?after=x");
    EXPECT_EQ(after("http://e2e/sign-in"), "/");
    EXPECT_EQ(after("https://evil.example/write"), "/");
    EXPECT_EQ(after("http://e2e.evil.example/write"), "/");
    enroll();
    EXPECT_EQ(submit("/sign-in", anns + "&next=//evil.example").field("Location"), "/sign-in/check?next=%2F");
    EXPECT_EQ(location("/sign-in/check?next=//evil.example", sign_in()), "/");
}

TEST_P(site_accounts, what_a_guest_wrote_is_there_after_the_sign_in)
{
    enroll();
    const auto asked = submit("/posts", "title=A+%22title%22&body=One%0D%0Atwo");
    EXPECT_EQ(asked.status, 401);
    EXPECT_THAT(asked.body, HasSubstr("What you wrote is kept."));
    EXPECT_THAT(asked.body, HasSubstr(R"(name="kept.title" value="A &quot;title&quot;")"));
    const auto in = submit("/sign-in", anns + "&form=/posts&kept.title=A+%22title%22&kept.body=One%0Atwo");
    EXPECT_EQ(in.status, 200);
    EXPECT_EQ(cookies_of(in).size(), 2U);
    EXPECT_THAT(in.body, HasSubstr(R"(action="/posts")"));
    EXPECT_THAT(in.body, HasSubstr(R"(value="A &quot;title&quot;")"));
    EXPECT_THAT(in.body, HasSubstr("One\ntwo</textarea>"));
    EXPECT_THAT(in.body, HasSubstr("Sign out")) << "the account box is a member's";
    const auto posted = submit("/posts", "title=A+%22title%22&body=One", from_here + jar(in));
    EXPECT_EQ(posted.status, 303) << posted.body;
    EXPECT_EQ(submit("/sign-in", anns + "&form=//evil.example&kept.title=A").status, 303)
        << "a form of another site is not shown";
}

TEST_P(site_accounts, passwords_of_guests_are_not_kept)
{
    const auto asked = submit("/settings/password", "old_password=kelp-morning-7&new_password=harbour-lamp-3&other=1");
    EXPECT_EQ(asked.status, 401);
    EXPECT_THAT(asked.body, HasSubstr("kept.other"));
    EXPECT_THAT(asked.body, Not(HasSubstr("kelp-morning")));
    EXPECT_THAT(asked.body, Not(HasSubstr("harbour-lamp")));
}

TEST_P(site_accounts, forms_of_other_sites_are_refused)
{
    enroll();
    const auto cookies = sign_in();
    for (const auto& from :
         {"Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site: same-site\r\n", "Origin: https://evil.example\r\n", ""}) {
        EXPECT_EQ(submit("/sign-in", anns, from).status, 403) << from;
        EXPECT_EQ(submit("/sign-out", "", from + cookies).status, 403) << from;
        EXPECT_EQ(submit("/settings/sessions/end-others", "", from + cookies).status, 403) << from;
    }
    EXPECT_EQ(submit("/sign-in", anns, "Origin: http://e2e\r\n").status, 303) << "browsers without Fetch Metadata";
    EXPECT_EQ(ask("GET", "/write", cookies).status, 200) << "still signed in";
}

TEST_P(site_accounts, a_visitor_joins)
{
    EXPECT_EQ(ask("GET", "/register").status, 200);
    const auto wrong = submit("/register", "username=ann+b&email=ann%40example&password=password1");
    EXPECT_EQ(wrong.status, 422);
    for (const auto* part :
         {R"(id="username-e")", R"(id="email-e")", R"(id="password-e")", R"(value="ann b")", R"(value="ann@example")"})
        EXPECT_THAT(wrong.body, HasSubstr(part));
    EXPECT_THAT(wrong.body, Not(HasSubstr("password1")));
    const auto joined = submit("/register", "username=Ann&email=ann%40example.org&password=kelp-morning-7");
    EXPECT_EQ(joined.status, 303) << joined.body;
    EXPECT_EQ(location(joined.field("Location"), jar(joined)), "/");
    EXPECT_EQ(ask("GET", "/write", jar(joined)).status, 200);
    const auto taken = submit("/register", "username=ann&email=x%40example.org&password=kelp-morning-7");
    EXPECT_EQ(taken.status, 409);
    EXPECT_THAT(taken.body, HasSubstr(R"(id="username-e")"));
}

TEST_P(site_accounts, sessions_are_ended_by_their_buttons)
{
    enroll();
    const auto here = sign_in();
    const auto there = sign_in();
    const auto list = ask("GET", "/settings/sessions", here).body;
    EXPECT_THAT(list, HasSubstr(R"(<span class="mark">this one</span>)"));
    std::vector<std::string> buttons;
    const std::string action = R"(action="/settings/sessions/)";
    for (auto at = list.find(action); at != std::string::npos; at = list.find(action, at + 1)) {
        auto path = list.substr(at + 8, list.find('"', at + 8) - at - 8);
        if (path.ends_with("/end")) buttons.push_back(std::move(path));
    }
    ASSERT_EQ(buttons.size(), 2U) << "the token of the registration, and the other session; not this one";
    for (const auto& path : buttons) {
        EXPECT_EQ(location(path, here), "/settings/sessions");
        EXPECT_EQ(submit(path, "", from_here + here).field("Location"), "/settings/sessions?done=ended");
        EXPECT_EQ(submit(path, "", from_here + here).status, 404) << "it has ended";
    }
    EXPECT_EQ(ask("GET", "/write", there).status, 401);
    EXPECT_THAT(ask("GET", "/settings/sessions?done=ended", here).body, HasSubstr("The session has ended."));
    const auto third = sign_in();
    EXPECT_EQ(location("/settings/sessions/end-others", here), "/settings/sessions");
    EXPECT_EQ(submit("/settings/sessions/end-others", "", from_here + here).field("Location"),
              "/settings/sessions?done=others");
    EXPECT_EQ(ask("GET", "/write", third).status, 401);
    EXPECT_EQ(ask("GET", "/write", here).status, 200);
}

TEST_P(site_accounts, the_password_is_changed_with_the_old_one)
{
    enroll();
    const auto here = sign_in();
    const auto there = sign_in();
    EXPECT_EQ(location("/settings"), "/settings/profile");
    EXPECT_THAT(ask("GET", "/settings/password", here).body, HasSubstr(R"(autocomplete="username" value="ann")"));
    const auto change = [&](const std::string& old, const std::string& next) {
        return submit("/settings/password", "old_password=" + old + "&new_password=" + next, from_here + here);
    };
    const auto wrong = change("guessed-guessed", "harbour-lamp-3");
    EXPECT_EQ(wrong.status, 401);
    EXPECT_THAT(wrong.body, HasSubstr(R"(id="old_password-e")"));
    EXPECT_THAT(wrong.body, Not(HasSubstr("harbour")));
    const auto weak = change("kelp-morning-7", "password1");
    EXPECT_EQ(weak.status, 422);
    EXPECT_THAT(weak.body, HasSubstr(R"(id="new_password-e")"));
    EXPECT_EQ(change("kelp-morning-7", "harbour-lamp-3").field("Location"), "/settings/password?done=saved");
    EXPECT_THAT(ask("GET", "/settings/password?done=saved", here).body, HasSubstr("Your password is changed."));
    EXPECT_EQ(ask("GET", "/write", there).status, 401);
    sign_in("username=ann&password=harbour-lamp-3");
}

TEST_P(site_accounts, who_leaves_is_a_guest_at_once)
{
    enroll();
    const auto cookies = sign_in();
    const auto left = submit("/settings/leave", "scrub=&password=kelp-morning-7", from_here + cookies);
    EXPECT_EQ(left.status, 200) << left.body;
    EXPECT_THAT(left.body, HasSubstr("You have left"));
    EXPECT_THAT(left.body, Not(HasSubstr("Sign out")));
    EXPECT_EQ(cookies_of(left).size(), 2U);
    EXPECT_THAT(cookies_of(left), ::testing::Each(HasSubstr("Max-Age=0")));
    EXPECT_EQ(ask("GET", "/write", cookies).status, 401);
}

class closed_site : public site_accounts {
 protected:
    closed_site() : site_accounts{{"REGISTRATION=closed"}} {}
};
ACCOUNTS_SUITE(closed_site);

TEST_P(closed_site, says_that_nobody_can_join)
{
    EXPECT_EQ(ask("GET", "/register").status, 403);
    const auto refused = submit("/register", "username=Ann&email=ann%40example.org&password=kelp-morning-7");
    EXPECT_EQ(refused.status, 403);
    EXPECT_THAT(refused.body, HasSubstr("registration is closed"));
    EXPECT_THAT(refused.head, HasSubstr("text/html"));
}

}  // namespace
}  // namespace agora::e2e
