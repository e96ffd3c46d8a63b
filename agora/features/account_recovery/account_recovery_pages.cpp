// SPDX-License-Identifier: MIT
// The pages of account_recovery.hpp: /forgot, the pages that the links in emails lead to, and /settings/email.
// make_pages() mounts them.
//
// The address of a page with a token is a secret, so these pages send no Referer and are not stored. Opening one
// consumes nothing; its button sends the token.
#include <agora/features/account_recovery/account_recovery.hpp>
#include <agora/services/services.hpp>
#include <agora/site/forms.hpp>
#include <agora/site/settings.hpp>

namespace agora::account_recovery {
namespace {

constexpr std::size_t small_form = 16 * 1024;

struct token_query {
    std::optional<std::string> token;
};
BOOST_DESCRIBE_STRUCT(token_query, (), (token))

struct typed_login {
    std::string username;  ///< or address
};
BOOST_DESCRIBE_STRUCT(typed_login, (), (username))

/// What has just been done, as the address says.
struct done_query {
    std::optional<std::string> done;
};
BOOST_DESCRIBE_STRUCT(done_query, (), (done))

site::page message_page(std::string_view title)
{
    site::page p;
    p.title = title;
    p.indexed = false;
    p.no_referrer = true;
    p.slim = true;
    return p;
}

site::page forgot_page()
{
    auto p = message_page("Forgotten password");
    site::field login{.name = "username", .label = "Name or e-mail"};
    login.autocomplete = "username";
    login.exact = true;
    p.main.write(R"(<h1>Set a new password</h1><p class="lead">Give your name or e-mail address, and a link to set a )"
                 R"(new password is sent to you.</p><form method="post" action="/forgot">{}<p class="acts">)"
                 R"(<button class="main">Send the link</button><a class="button" href="/sign-in">Back</a></p></form>)",
                 [&](html::writer& out) { site::write_field(out, login); });
    return p;
}

site::page sent_page()
{
    auto p = message_page("Link sent");
    p.main.write(R"(<h1>Look into your mail</h1><p class="lead">If there is an account with this name or address, a )"
                 R"(link is on its way to it. It works for one hour and once.</p><p>Nothing there after some minutes? )"
                 R"(Look into the folder for spam, or <a href="/forgot">ask for another link</a>.</p>)");
    return p;
}

site::page reset_page(std::string_view token, const failure* why = nullptr)
{
    auto p = message_page(why != nullptr ? "Error: New password" : "New password");
    p.main.write(R"(<h1>Choose a new password</h1><p class="lead">All other devices are signed out when you save it.)"
                 R"(</p>)");
    site::write_refusal(p.main, why, {"new_password"});
    site::field password{.name = "new_password", .label = "New password", .type = "password"};
    password.autocomplete = "new-password";
    password.hint = "8 characters or more. A sentence works well.";
    p.main.write(
        R"(<form method="post" action="/reset"><input type="hidden" name="token" value="{}">{}<p class="acts">)"
        R"(<button class="main">Save the password</button></p></form>)",
        token, [&](html::writer& out) { site::write_field(out, password, why); });
    return p;
}

/// What a link does, and where a new one is sent.
struct link_kind {
    std::string_view purpose;
    html::path form;
    std::string_view heading;
    std::string_view before;  ///< the address
    std::string_view after;   ///< the address
    std::string_view hint;
    std::string_view done_heading;
    std::string_view done_text;
};

const link_kind& verification_link()
{
    static const link_kind k{purposes::verify,
                             html::path{"/verify-email"},
                             "Confirm your e-mail address",
                             "One press, and ",
                             " belongs to your account.",
                             "You have not joined? Then close this page; nothing happens.",
                             "Your address is confirmed",
                             "If you ever forget the password, a new one can be set by e-mail."};
    return k;
}

const link_kind& change_link()
{
    static const link_kind k{purposes::confirm_new_address,
                             html::path{"/confirm-email"},
                             "Confirm your new e-mail address",
                             "One press, and your account uses ",
                             " from now on.",
                             "You have not asked for this? Then close this page; nothing happens.",
                             "Your address is changed",
                             "E-mails about your account are sent to the new address from now on."};
    return k;
}

site::page button_page(const link_kind& k, std::string_view address, std::string_view token)
{
    auto p = message_page(k.heading);
    p.main.write(R"(<h1>{}</h1><p class="lead">{}<b>{}</b>{}</p><form method="post" action="{}">)"
                 R"(<input type="hidden" name="token" value="{}"><p class="acts"><button class="main">)"
                 R"(This is my address</button></p></form><p class="hint">{}</p>)",
                 k.heading, k.before, address, k.after, k.form, token, k.hint);
    return p;
}

site::page done_page(const link_kind& k)
{
    auto p = message_page(k.done_heading);
    p.main.write(R"(<h1>{}</h1><p class="lead">{}</p><p class="acts"><a class="button main" href="/">)"
                 R"(To the discussions</a><a class="button" href="/settings/profile">Complete your profile</a></p>)",
                 k.done_heading, k.done_text);
    return p;
}

/// `life` and `next`: how long such a link works, and where a new one is sent.
site::page expired_page(std::string_view life, const html::path& next)
{
    auto p = message_page("The link has expired");
    p.main.write(R"(<h1>This link works no longer</h1><p class="lead">It has been used, or it is older than {}.</p>)"
                 R"(<p class="acts"><a class="button main" href="{}">Send me a new one</a></p>)",
                 life, next);
    return p;
}

site::page taken_page()
{
    auto p = message_page("The address is taken");
    p.main.write(R"(<h1>This address belongs to another account</h1><p class="lead">Its member has confirmed it )"
                 R"(before. Sign in to that account, or use another address here.</p><p class="acts">)"
                 R"(<a class="button main" href="/settings/email">Use another address</a></p>)");
    return p;
}

site::page email_page(const accounts::account& of, std::string_view typed, std::string_view done,
                      const failure* why = nullptr)
{
    const auto* notice = done == "sent"    ? "A link is sent to the new address. Your address changes when you open it."
                         : done == "again" ? "The link is sent again. Look into your mail."
                                           : "";
    auto p = site::settings_page(site::settings::email, notice);
    site::write_refusal(p.main, why, {"email", "password"});
    const auto fields = [&](html::writer& out) {
        site::field email{.name = "email", .label = "New address", .value = typed, .type = "email"};
        email.autocomplete = "email";
        email.hint = "A link is sent to it. Until you open the link, the old address stays.";
        site::write_field(out, email, why);
        site::field password{.name = "password", .label = "Your password", .type = "password"};
        password.autocomplete = "current-password";
        password.hint = "It shows that the account is yours.";
        site::write_field(out, password, why);
    };
    p.main.write(
        R"(<form class="page" method="post" action="/settings/email"><p class="lead">Your address is <b>{}</b>. )"
        R"(<span class="mark">{}</span></p>{}<p class="acts"><button class="main">Send the link</button></p>)"
        R"(</form>)",
        of.email, of.verified ? "confirmed" : "not confirmed", fields);
    if (!of.verified)
        p.main.write(R"(<form method="post" action="/settings/email/verify"><p>The present address is not confirmed: )"
                     R"(a link was sent to it.</p><p class="acts"><button>Send that link again</button></p></form>)");
    return p;
}

}  // namespace

class page_routes {
 public:
    page_routes(services& s, slice& recovery, accounts::slice& accounts)
        : recovery_{recovery}, accounts_{accounts}, site_{s.site}
    {
        using http::limited_by;
        auto& routes = s.routes;
        const auto in = site_.view();
        const auto form = [&](std::string path, auto handler) -> http::route& {
            return routes.form(std::move(path), handler, *this, in).body_limit(small_form);
        };
        routes.section("site");
        routes.page("/forgot", &page_routes::show_forgot, *this, in);
        form("/forgot", &page_routes::forgot).limit(recovery.attempts_, limited_by::address);
        routes.page("/reset", &page_routes::show_reset, *this, in);
        form("/reset", &page_routes::reset).limit(recovery.attempts_, limited_by::address);
        routes.page("/verify-email", &page_routes::show_verification, *this, in);
        form("/verify-email", &page_routes::verify).limit(recovery.attempts_, limited_by::address);
        routes.page("/confirm-email", &page_routes::show_confirmation, *this, in);
        form("/confirm-email", &page_routes::confirm).limit(recovery.confirmations_, limited_by::address);
        routes.page("/settings/email", &page_routes::show_email, *this, in);
        form("/settings/email", &page_routes::change_email);
        routes.page("/settings/email/verify", &page_routes::to_email, *this, in);
        form("/settings/email/verify", &page_routes::verify_again).limit(recovery.attempts_, limited_by::address);
    }

 private:
    http::response to_email(http::anyone) { return site::see_other("/settings/email"); }

    asio::awaitable<outcome<site::page>> show_forgot(http::anyone) { co_return forgot_page(); }

    /// The response is the same for every name and address, and also if too many emails were requested.
    asio::awaitable<http::response> forgot(http::anyone, const http::form<typed_login>& f,
                                           const http::client_info& from)
    {
        co_await recovery_.ask_reset_within_limit(f->username, from);
        co_return site_.show(200, sent_page());
    }

    asio::awaitable<http::response> show_reset(http::anyone, const http::query<token_query>& q)
    {
        const auto token = q->token.value_or("");
        const auto address = co_await recovery_.address_of(token, purposes::reset);
        co_return secret(address ? 200 : 403, address ? reset_page(token) : expired_reset());
    }

    asio::awaitable<http::response> reset(http::anyone, const http::form<new_password>& f,
                                          const http::client_info& from)
    {
        const http::body<new_password> wanted{*f};
        const auto done = co_await recovery_.set_forgotten(http::anyone{http::principal{}}, wanted, from);
        if (done) co_return site::see_other("/sign-in?reset=1");
        auto why = done.error();
        if (why.code == problems::bad_token.name) co_return secret(403, expired_reset());
        for (auto& e : why.fields)
            if (e.field == "password") e.field = "new_password";
        co_return site_.show(why, reset_page(f->token, &why));
    }

    asio::awaitable<http::response> show_verification(http::anyone, const http::query<token_query>& q)
    {
        return show_button(verification_link(), q->token.value_or(""));
    }
    asio::awaitable<http::response> show_confirmation(http::anyone, const http::query<token_query>& q)
    {
        return show_button(change_link(), q->token.value_or(""));
    }
    asio::awaitable<http::response> show_button(const link_kind& k, std::string token)
    {
        const auto address = co_await recovery_.address_of(token, k.purpose);
        co_return secret(address ? 200 : 403, address ? button_page(k, *address, token) : expired_link());
    }

    asio::awaitable<http::response> verify(http::anyone, const http::request& r, const http::form<verification>& f,
                                           const http::client_info& from)
    {
        const auto done = co_await recovery_.verify(f->token, from);
        co_return after_button(verification_link(), r, done);
    }
    asio::awaitable<http::response> confirm(http::anyone, const http::request& r, const http::form<verification>& f,
                                            const http::client_info& from)
    {
        const auto done = co_await recovery_.confirm_change(f->token, from);
        co_return after_button(change_link(), r, done);
    }
    http::response after_button(const link_kind& k, const http::request& r, const outcome<void>& done) const
    {
        if (done) return secret(200, done_page(k));
        const auto why = done.error();
        if (why.code == problems::bad_token.name) return secret(403, expired_link());
        return why.status == 409 ? secret(409, taken_page()) : http::problem(r, why);
    }

    asio::awaitable<http::response> show_email(http::member who, const http::request& r,
                                               const http::query<done_query>& q)
    {
        const auto found = co_await accounts_.store().find(who.id);
        if (!found) co_return http::problem(r, no_account());
        co_return site_.show(200, email_page(*found, "", q->done.value_or("")));
    }

    asio::awaitable<http::response> change_email(http::member who, const http::request& r,
                                                 const http::form<email_change>& f, const http::client_info& from)
    {
        const auto done = co_await recovery_.ask_change(who.id, *f, from);
        if (done) co_return site::see_other("/settings/email?done=sent");
        auto why = done.error();
        for (const auto& e : why.fields)
            if (e.field == "password") why.status = 401;
        const auto found = co_await accounts_.store().find(who.id);
        if (!found) co_return http::problem(r, no_account());
        co_return site_.show(why, email_page(*found, f->email, "", &why));
    }

    asio::awaitable<http::response> verify_again(http::member who)
    {
        const auto asked = co_await recovery_.resend(who);
        static_cast<void>(asked);  // it always says the same
        co_return site::see_other("/settings/email?done=again");
    }

    /// A page that nobody may store, because its address or its form contains a token.
    http::response secret(unsigned status, const site::page& p) const
    {
        auto answer = site_.show(status, p);
        answer.cache_control = "no-store";
        return answer;
    }

    static site::page expired_reset() { return expired_page("an hour", html::path{"/forgot"}); }
    static site::page expired_link() { return expired_page("two days", html::path{"/settings/email"}); }
    static failure no_account() { return failure::not_found("the account of this user"); }

    slice& recovery_;
    accounts::slice& accounts_;
    const site::site& site_;
};

std::shared_ptr<page_routes> make_pages(services& s, slice& recovery, accounts::slice& accounts)
{
    return std::make_shared<page_routes>(s, recovery, accounts);
}

}  // namespace agora::account_recovery
