// SPDX-License-Identifier: MIT
// The page /settings/profile, on which members change how others see them. make_settings_pages() mounts it. The form
// has the rules and the limit of PUT /api/users/me.
#include <agora/features/users/users.hpp>
#include <agora/services/services.hpp>
#include <agora/site/forms.hpp>
#include <agora/site/settings.hpp>

namespace agora::users {
namespace {

struct saved_query {
    std::optional<std::string> saved;  ///< the profile has just been saved
};
BOOST_DESCRIBE_STRUCT(saved_query, (), (saved))

struct typed_profile {
    std::string display_name;
    std::string bio;
};
BOOST_DESCRIBE_STRUCT(typed_profile, (), (display_name, bio))

site::page profile_form_page(const std::string& username, const typed_profile& typed, bool saved,
                             const failure* why = nullptr)
{
    auto p = site::settings_page(site::settings::profile);
    if (saved)
        p.main.write(R"(<p class="note ok" role="status">Your profile is saved. )"
                     R"(<a href="/u/{}">See it as others do</a>.</p>)",
                     username);
    site::write_refusal(p.main, why, {"display_name", "bio"});
    const auto fields = [&](html::writer& out) {
        site::field name{.name = "display_name", .label = "Shown name", .value = typed.display_name};
        name.hint = "As others see it: any letters, up to 60.";
        name.most = max_display_name;
        site::write_field(out, name, why);
        site::field bio{.name = "bio", .label = "About you", .value = typed.bio};
        bio.hint = "Plain text. Everybody can read it.";
        bio.required = false;
        bio.most = max_bio;
        site::write_text_area(out, bio, why);
    };
    p.main.write(R"(<form class="page" method="post" action="/settings/profile">{}<p class="acts">)"
                 R"(<button class="main">Save</button><a class="button" href="/u/{}">See the profile</a></p></form>)",
                 fields, username);
    return p;
}

}  // namespace

class settings_pages {
 public:
    settings_pages(services& s, store& users, larder::rate_limit& changes) : store_{users}, site_{s.site}
    {
        s.routes.section("site");
        s.routes.page("/settings/profile", &settings_pages::show, *this, site_.view());
        s.routes.form("/settings/profile", &settings_pages::save, *this, site_.view())
            .body_limit(16 * 1024)
            .limit(changes, http::limited_by::user);
        s.routes.section("users");
    }

 private:
    asio::awaitable<outcome<site::page>> show(http::member who, const http::query<saved_query>& q)
    {
        const auto found = co_await users::find(store_, who.id);
        if (!found) co_return found.error();
        typed_profile typed;
        typed.display_name = found->display_name;
        typed.bio = found->bio;
        co_return profile_form_page(found->username, typed, q->saved.has_value());
    }

    asio::awaitable<http::response> save(http::member who, const http::request& r, const http::form<typed_profile>& f)
    {
        change wanted;
        wanted.display_name = f->display_name;
        wanted.bio = f->bio;
        const auto done = co_await users::update(store_, who.id, wanted);
        if (done) co_return site::see_other("/settings/profile?saved=1");
        const auto why = done.error();
        const auto found = co_await users::find(store_, who.id);
        if (!found || why.fields.empty()) co_return http::problem(r, why);
        co_return site_.show(why, profile_form_page(found->username, *f, false, &why));
    }

    store& store_;
    const site::site& site_;
};

std::shared_ptr<settings_pages> make_settings_pages(services& s, store& users, larder::rate_limit& changes)
{
    return std::make_shared<settings_pages>(s, users, changes);
}

}  // namespace agora::users
