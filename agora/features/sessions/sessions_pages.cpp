// SPDX-License-Identifier: MIT
// The pages of sessions: /sign-in, /sign-out, /register, and the settings of sessions and password. make_pages() mounts
// them. Every form does what the API does, with the same functions and limits.
//
// A sign-in goes through /sign-in/check, which finds out whether the browser keeps cookies. The sign-in form may hold
// another form that was sent without a session; then its answer is that form, to be sent again.
#include <agora/features/sessions/agent_name.hpp>
#include <agora/features/sessions/sessions.hpp>
#include <agora/services/services.hpp>
#include <agora/site/forms.hpp>
#include <agora/site/settings.hpp>
#include <agora/site/text.hpp>

namespace agora::sessions {
namespace {

constexpr std::size_t small_form = 16 * 1024;
constexpr std::size_t largest_kept_form = (2 << 20) + small_form;  // that of a post

/// Addresses that nobody wants to return to after signing in.
constexpr std::array<std::string_view, 7> ways_in{"/sign-in", "/sign-out",     "/register",     "/forgot",
                                                  "/reset",   "/verify-email", "/confirm-email"};

struct sign_in_query {
    std::optional<std::string> next;
    std::optional<std::string> reset;  ///< a new password has been set by e-mail
};
BOOST_DESCRIBE_STRUCT(sign_in_query, (), (next, reset))

struct typed_sign_in {
    std::string username;
    std::string password;
    std::string next;
    std::string form;  ///< address of a form that was sent without a session
};
BOOST_DESCRIBE_STRUCT(typed_sign_in, (), (username, password, next, form))

/// What has just been done, as the address says.
struct done_query {
    std::optional<std::string> done;
};
BOOST_DESCRIBE_STRUCT(done_query, (), (done))

site::page cookies_page()
{
    site::page p;
    p.title = "Cookies are off";
    p.indexed = false;
    p.slim = true;
    p.main.write(
        R"(<h1>Your browser keeps no cookies</h1><p>Signing in needs one cookie, which says that it is you. It is )"
        R"(not used to follow you, and it is removed when you sign out.</p>)"
        R"(<p class="lead">Allow cookies for this site in the settings of your browser, then try again. )"
        R"(Reading works without.</p><p class="acts"><a class="button main" href="/sign-in">Try again</a>)"
        R"(<a class="button" href="/">Go on reading</a></p>)");
    return p;
}

site::page register_page(const accounts::registration& typed, const failure* why = nullptr)
{
    site::page p;
    p.title = why != nullptr ? "Error: Join" : "Join";
    p.indexed = false;
    p.slim = true;
    p.main.write(R"(<h1>Join the community</h1><p class="lead">Reading needs no account. Writing does, so that )"
                 R"(people know whom they answer.</p>)");
    site::write_refusal(p.main, why, {"username", "email", "password"});
    const auto fields = [&](html::writer& out) {
        site::field name{.name = "username", .label = "Name", .value = typed.username, .autocomplete = "username"};
        name.hint = "2 to 30 letters, digits and _ . -";
        name.most = users::max_username;
        name.exact = true;
        site::write_field(out, name, why);
        site::field email{.name = "email", .label = "E-mail", .value = typed.email, .type = "email"};
        email.autocomplete = "email";
        email.hint = "Only you and the administrators see it.";
        site::write_field(out, email, why);
        site::field password{.name = "password", .label = "Password", .type = "password"};
        password.autocomplete = "new-password";
        password.hint = "8 characters or more. A sentence works well.";
        site::write_field(out, password, why);
    };
    p.main.write(R"(<form method="post" action="/register">{}<p class="acts"><button class="main">Join</button>)"
                 R"(<a class="button" href="/sign-in">I have an account</a></p></form>)",
                 fields);
    return p;
}

/// Puts the error beside its field: of a name or an address that is taken.
failure beside_field(failure why)
{
    const std::string field = why.code == accounts::username_taken().code ? "username"
                              : why.code == accounts::email_taken().code  ? "email"
                                                                          : "";
    if (!field.empty()) why.fields.emplace_back(field, field_codes::invalid, "is taken; choose another one");
    return why;
}

void write_sign_in(html::writer& out, const shown_sign_in& s)
{
    const auto name = agent_name(s.agent);
    const auto about = [&](html::writer& meta) {
        if (!s.address.empty()) meta.write("<span>{}</span>", s.address);
        meta.write("<span>signed in {}</span>", [&](html::writer& t) { site::write_time(t, s.created_at); });
        meta.write("<span>ends {}</span>", [&](html::writer& t) { site::write_time(t, s.expires_at); });
    };
    const auto end = [&](html::writer& form) {
        form.write(R"(<form method="post" action="/settings/sessions/{}/end">)"
                   R"(<button aria-label="End the session of {}">End</button></form>)",
                   s.id, name);
    };
    out.write(R"(<li><div><b>{}</b>{}<p class="meta">{}</p></div>{}</li>)", name,
              html::when(s.current, [](html::writer& mark) { mark.write(R"( <span class="mark">this one</span>)"); }),
              about, html::when(!s.current, end));
}

site::page sessions_page(const sign_in_list& all, std::string_view done)
{
    const auto* notice = done == "ended"    ? "The session has ended."
                         : done == "others" ? "All other sessions have ended."
                                            : "";
    auto p = site::settings_page(site::settings::sessions, notice);
    p.main.write(R"(<p class="lead">Where you are signed in. End what you do not know, then )"
                 R"(<a href="/settings/password">change the password</a>.</p><ul class="rows">{}</ul>)",
                 html::each(all.data, write_sign_in));
    if (all.data.size() > 1)
        p.main.write(
            R"(<form method="post" action="/settings/sessions/end-others" )"
            R"(data-confirm="End all sessions but this one?"><p class="acts"><button class="danger">End all others)"
            R"(</button></p></form>)");
    return p;
}

site::page password_page(std::string_view username, bool saved, const failure* why = nullptr)
{
    auto p = site::settings_page(site::settings::password,
                                 saved ? "Your password is changed. All other devices are signed out." : "");
    site::write_refusal(p.main, why, {"old_password", "new_password"});
    const auto fields = [&](html::writer& out) {
        out.write(R"(<input type="hidden" name="username" autocomplete="username" value="{}">)", username);
        site::field old{.name = "old_password", .label = "Present password", .type = "password"};
        old.autocomplete = "current-password";
        site::write_field(out, old, why);
        site::field fresh{.name = "new_password", .label = "New password", .type = "password"};
        fresh.autocomplete = "new-password";
        fresh.hint = "8 characters or more. All other devices are signed out.";
        site::write_field(out, fresh, why);
    };
    p.main.write(R"(<form class="page" method="post" action="/settings/password">{}<p class="acts">)"
                 R"(<button class="main">Change the password</button></p>)"
                 R"(<p class="hint"><a href="/forgot">Forgot the password?</a></p></form>)",
                 fields);
    return p;
}

void set_cookies(http::response& answer, const begun_session& begun)
{
    answer.headers.emplace_back("Set-Cookie", begun.cookie);
    answer.headers.emplace_back("Set-Cookie", begun.mark);
}

}  // namespace

class page_routes {
 public:
    page_routes(services& s, slice& sessions, sign_ins::slice& sign_ins, accounts::slice& accounts,
                authentication::request_authenticator& by)
        : sessions_{sessions},
          sign_ins_{sign_ins},
          accounts_{accounts},
          authenticator_{by},
          routes_{s.routes},
          site_{s.site},
          clock_{s.clock}
    {
        using http::limited_by;
        auto& routes = s.routes;
        const auto in = site_.view();
        routes.section("site");
        routes.page("/sign-in", &page_routes::show_sign_in, *this, in);
        routes.form("/sign-in", &page_routes::sign_in, *this, in)
            .body_limit(largest_kept_form)
            .limit(sign_ins.attempts_per_address(), limited_by::address);
        routes.page("/sign-in/check", &page_routes::check_cookies, *this, in);
        routes.page("/sign-out", &page_routes::to_front, *this, in);
        routes.form("/sign-out", &page_routes::sign_out, *this, in).body_limit(small_form);
        routes.page("/register", &page_routes::show_register, *this, in);
        routes.form("/register", &page_routes::sign_up, *this, in)
            .body_limit(small_form)
            .limit(sign_ins.sign_ups(), limited_by::address);
        routes.page("/settings", &page_routes::to_settings, *this, in);
        routes.page("/settings/sessions", &page_routes::show_sessions, *this, in);
        routes.page("/settings/sessions/{id}/end", &page_routes::to_session, *this, in);
        routes.form("/settings/sessions/{id}/end", &page_routes::end_one, *this, in).body_limit(small_form);
        routes.page("/settings/sessions/end-others", &page_routes::to_sessions, *this, in);
        routes.form("/settings/sessions/end-others", &page_routes::end_others, *this, in).body_limit(small_form);
        routes.page("/settings/password", &page_routes::show_password, *this, in);
        routes.form("/settings/password", &page_routes::change_password, *this, in).body_limit(small_form);
    }

 private:
    http::response to_front(http::anyone) { return site::see_other("/"); }
    http::response to_settings(http::anyone) { return site::see_other("/settings/profile"); }
    http::response to_sessions(http::anyone) { return site::see_other("/settings/sessions"); }
    http::response to_session(http::anyone, const http::path<std::string>&)
    {
        return site::see_other("/settings/sessions");
    }

    http::response show_sign_in(http::guest_or_member who, const http::request& r, const http::query<sign_in_query>& q)
    {
        site::sign_in_form f;
        f.next = page_at(q->next ? *q->next : own_path_of(r.header("referer"), r));
        if (who.id != 0) return site::see_other(f.next);
        if (q->reset) f.notice = "Your new password is saved. Sign in with it.";
        return site_.show(200, site::sign_in_page(f));
    }

    asio::awaitable<http::response> sign_in(http::anyone, const http::request& r, const http::form<typed_sign_in>& f,
                                            const http::client_info& from)
    {
        accounts::sign_in_request c;
        c.username = f->username;
        c.password = f->password;
        const auto begun = co_await sessions_.sign_in(r, c, from);
        auto kept = site::kept_in(r);
        const auto next = page_at(f->next);
        if (!begun) {
            site::sign_in_form again;
            again.next = next;
            again.username = f->username;
            again.form_address = form_at(f->form);
            again.kept = std::move(kept);
            const auto why = begun.error();
            co_return site_.show(why, site::sign_in_page(again, &why));
        }
        const auto form = form_at(f->form);
        auto answer = form.empty() ? check_next(next)
                                   : site_.show_to_new_member(begun->facts.user_id, site::continue_page(form, kept));
        set_cookies(answer, *begun);
        co_return answer;
    }

    http::response check_cookies(http::anyone, const http::request& r, const http::query<sign_in_query>& q)
    {
        if (!authenticator_.sessions_in(r).empty()) return site::see_other(page_at(q->next.value_or("/")));
        return site_.show(200, cookies_page());
    }

    asio::awaitable<http::response> sign_out(http::guest_or_member who, const http::request& r,
                                             const http::client_info& from)
    {
        auto answer = site::see_other("/");
        if (who.id != 0) {
            auto ended = co_await sessions_.sign_out(http::member{r.caller}, r, from);
            if (ended.status != 204) co_return ended;
            answer.headers = std::move(ended.headers);
            answer.headers.emplace_back("Location", "/");
        }
        answer.headers.emplace_back("Set-Cookie", authentication::clear_mark());
        // The browser may have stored pages with what only this member sees.
        answer.headers.emplace_back("Clear-Site-Data", "\"cache\"");
        co_return answer;
    }

    http::response show_register(http::guest_or_member who, const http::request& r)
    {
        if (who.id != 0) return site::see_other("/");
        if (sign_ins_.mode() == sign_ins::registration_mode::closed)
            return http::problem(r, sign_ins::registration_closed());
        return site_.show(200, register_page({}));
    }

    asio::awaitable<http::response> sign_up(http::anyone, const http::request& r,
                                            const http::form<accounts::registration>& f, const http::client_info& from)
    {
        const auto began = clock_.wall();
        const auto made = co_await sign_ins_.sign_up(*f, from);
        if (!made) {
            const auto why = beside_field(made.error());
            if (why.status == 403) co_return http::problem(r, why);
            co_return site_.show(why, register_page(*f, &why));
        }
        const auto begun = co_await sessions_.begin(r, *made, began, from);
        if (!begun) co_return http::problem(r, begun.error());
        auto answer = check_next("/");
        set_cookies(answer, *begun);
        co_return answer;
    }

    asio::awaitable<outcome<site::page>> show_sessions(http::member who, const http::request& r,
                                                       const http::query<done_query>& q)
    {
        const auto all = co_await sessions_.list(who, r);
        if (!all) co_return all.error();
        co_return sessions_page(*all, q->done.value_or(""));
    }

    asio::awaitable<http::response> end_one(http::member who, const http::request& r, const http::path<std::string>& id,
                                            const http::client_info& from)
    {
        auto ended = co_await sessions_.end_one(who, r, id, from);
        if (ended.status != 204) co_return ended;
        auto answer = site::see_other("/settings/sessions?done=ended");
        for (auto& f : ended.headers) answer.headers.push_back(std::move(f));
        co_return answer;
    }

    asio::awaitable<http::response> end_others(http::member who, const http::request& r, const http::client_info& from)
    {
        const auto ended = co_await sessions_.end_others(who, r, from);
        if (!ended) co_return http::problem(r, ended.error());
        co_return site::see_other("/settings/sessions?done=others");
    }

    asio::awaitable<outcome<site::page>> show_password(http::member who, const http::query<done_query>& q)
    {
        const auto found = co_await accounts_.store().find(who.id);
        co_return password_page(found ? found->username : "", q->done.has_value());
    }

    asio::awaitable<http::response> change_password(http::member who, const http::request& r,
                                                    const http::form<password_change>& f, const http::client_info& from)
    {
        const http::body<password_change> wanted{*f};
        const auto done = co_await sessions_.change_password(who, r, wanted, from);
        if (done) co_return site::see_other("/settings/password?done=saved");
        auto why = done.error();
        for (auto& e : why.fields) {
            if (e.field == "password") e.field = "new_password";
            if (e.field == "old_password") why.status = 401;
        }
        const auto found = co_await accounts_.store().find(who.id);
        co_return site_.show(why, password_page(found ? found->username : "", false, &why));
    }

    static http::response check_next(std::string_view next)
    {
        html::path to{"/sign-in/check"};
        to.add("next", next);
        return site::see_other(to.text());
    }

    /// The path of a link on this site that a page was reached by; empty if it was reached from elsewhere.
    std::string own_path_of(std::string_view referer, const http::request& r) const
    {
        const auto own = site_.address("/");
        if (referer.starts_with(own)) return std::string{referer.substr(own.size() - 1)};
        const auto scheme = referer.find("://");
        if (scheme == std::string_view::npos) return {};
        referer.remove_prefix(scheme + 3);
        const auto path = referer.find('/');
        if (path == std::string_view::npos || !http::iequals(referer.substr(0, path), r.header("host"))) return {};
        return std::string{referer.substr(path)};
    }

    /// The route of a page's address, or of its form.
    const http::route* route_of(std::string_view path, http::verb method) const
    {
        http::request r;
        r.set_target(path.substr(0, path.find('#')));
        r.method = method;
        const auto* found = routes_.match(r).found;
        return found != nullptr && found->for_browsers ? found : nullptr;
    }

    /// The address of a page to return to; "/" if the text is not one.
    std::string page_at(std::string_view given) const
    {
        auto path = site::next_path(given);
        const auto bare = std::string_view{path}.substr(0, path.find_first_of("?#"));
        const bool way_in = std::ranges::any_of(ways_in, [&](auto w) { return bare.substr(0, w.size()) == w; });
        return way_in || route_of(path, http::verb::get) == nullptr ? "/" : path;
    }

    /// The address that a form posts to; empty if the text is not one.
    std::string form_at(std::string_view given) const
    {
        if (given.empty()) return {};
        auto path = site::next_path(given);
        return route_of(path, http::verb::post) == nullptr ? std::string{} : path;
    }

    slice& sessions_;
    sign_ins::slice& sign_ins_;
    accounts::slice& accounts_;
    authentication::request_authenticator& authenticator_;
    const http::router& routes_;
    const site::site& site_;
    const larder::clock& clock_;
};

std::shared_ptr<page_routes> make_pages(services& s, slice& sessions, sign_ins::slice& sign_ins,
                                        accounts::slice& accounts, authentication::request_authenticator& by)
{
    return std::make_shared<page_routes>(s, sessions, sign_ins, accounts, by);
}

}  // namespace agora::sessions
