// SPDX-License-Identifier: MIT
// The page /settings/leave, on which members delete their accounts. make_pages() mounts it. The last page that a member
// sees is a guest's: the account box and the cookies are gone.
#include <agora/features/account_deletion/account_deletion.hpp>
#include <agora/services/services.hpp>
#include <agora/site/forms.hpp>
#include <agora/site/settings.hpp>

namespace agora::account_deletion {
namespace {

struct typed_leave {
    std::string password;
    bool scrub = false;
};
BOOST_DESCRIBE_STRUCT(typed_leave, (), (password, scrub))

site::page leave_page(bool scrub, const failure* why = nullptr)
{
    auto p = site::settings_page(site::settings::leave);
    site::write_refusal(p.main, why, {"password"});
    const auto fields = [&](html::writer& out) {
        site::write_choices(out, {.name = "scrub", .label = "What you wrote", .value = scrub ? "true" : ""},
                            {{"", "Stays, without your name"}, {"true", "Is deleted too"}});
        site::field password{.name = "password", .label = "Your password", .type = "password"};
        password.autocomplete = "current-password";
        password.hint = "It shows that the account is yours.";
        site::write_field(out, password, why);
    };
    p.main.write(R"(<form class="page" method="post" action="/settings/leave"><p class="lead">Your account, address, )"
                 R"(sessions and keys are deleted at once and for good. Your name becomes free to nobody.</p>{})"
                 R"(<p class="acts"><button class="danger">Delete my account</button>)"
                 R"(<a class="button" href="/">Stay</a></p></form>)",
                 fields);
    return p;
}

site::page left_page()
{
    site::page p;
    p.title = "You have left";
    p.indexed = false;
    p.slim = true;
    p.main.write(
        R"(<h1>You have left</h1><p class="lead">Your account is deleted. Thank you for what you gave; )"
        R"(reading stays open to you.</p><p class="acts"><a class="button" href="/">To the discussions</a></p>)");
    return p;
}

}  // namespace

class page_routes {
 public:
    page_routes(services& s, slice& deletion) : deletion_{deletion}, site_{s.site}
    {
        s.routes.section("site");
        s.routes.page("/settings/leave", &page_routes::show, *this, site_.view());
        s.routes.form("/settings/leave", &page_routes::leave, *this, site_.view()).body_limit(16 * 1024);
    }

 private:
    asio::awaitable<outcome<site::page>> show(http::member) { co_return leave_page(false); }

    asio::awaitable<http::response> leave(http::member who, const http::request& r, const http::form<typed_leave>& f,
                                          const http::client_info& from)
    {
        const auto done = co_await deletion_.remove(who.id, f->password, f->scrub, from);
        if (!done) {
            auto why = done.error();
            if (!why.fields.empty()) why.status = 401;  // the password is the only field that can be wrong
            co_return site_.show(why, leave_page(f->scrub, &why));
        }
        auto ended = co_await deletion_.end_sessions(who, r);
        auto answer = site_.show(200, left_page());
        answer.page.reset();  // the caller is a guest now, and sees what guests see
        for (auto& field : ended.headers) answer.headers.push_back(std::move(field));
        answer.headers.emplace_back("Set-Cookie", authentication::clear_mark());
        answer.headers.emplace_back("Clear-Site-Data", "\"cache\"");
        co_return answer;
    }

    slice& deletion_;
    const site::site& site_;
};

std::shared_ptr<page_routes> make_pages(services& s, slice& deletion)
{
    return std::make_shared<page_routes>(s, deletion);
}

}  // namespace agora::account_deletion
