// SPDX-License-Identifier: MIT
// The page /settings/api-keys: a member's keys, and the form for a new one. make_pages() mounts it. A new key is in the
// response to the form and nowhere else, so that response is not stored.
#include <agora/features/api_keys/api_keys.hpp>
#include <agora/services/services.hpp>
#include <agora/site/forms.hpp>
#include <agora/site/settings.hpp>
#include <agora/site/text.hpp>

namespace agora::api_keys {
namespace {

constexpr std::string_view read_scope = "read";
constexpr std::string_view write_scopes = "read write";

struct revoked_query {
    std::optional<std::string> revoked;  ///< a key has just been revoked
};
BOOST_DESCRIBE_STRUCT(revoked_query, (), (revoked))

struct typed_key {
    std::string name;
    std::string scopes{read_scope};
    std::string expires_in_days = "90";  ///< empty: until it is revoked
};
BOOST_DESCRIBE_STRUCT(typed_key, (), (name, scopes, expires_in_days))

void write_key(html::writer& out, const api_key& k)
{
    const bool writes = std::ranges::find(k.scopes, "write") != k.scopes.end();
    const auto about = [&](html::writer& meta) {
        meta.write("<span>{}</span><span>created {}</span>", writes ? "read, write" : "read",
                   [&](html::writer& t) { site::write_time(t, k.created_at); });
        if (k.expires_at)
            meta.write("<span>ends {}</span>", [&](html::writer& t) { site::write_time(t, *k.expires_at); });
        else
            meta.write("<span>until it is revoked</span>");
    };
    out.write(R"(<li><div><b>{}</b><p class="meta">{}</p></div>)"
              R"(<form method="post" action="/settings/api-keys/{}/revoke" )"
              R"(data-confirm="Revoke the key “{}”? Programs that use it stop working.">)"
              R"(<button class="danger" aria-label="Revoke {}">Revoke</button></form></li>)",
              k.name, about, k.id, k.name, k.name);
}

void write_form(html::writer& out, const typed_key& typed, const failure* why)
{
    const auto fields = [&](html::writer& f) {
        site::field name{.name = "name", .label = "What is it for?", .value = typed.name};
        name.hint = "A name by which you recognise it, such as “backup script”.";
        name.most = max_key_name;
        site::write_field(f, name, why);
        site::write_choices(
            f, {.name = "scopes", .label = "What may it do?", .value = typed.scopes},
            {{std::string{read_scope}, "Read only"}, {std::string{write_scopes}, "Read and write in your name"}});
        site::write_select(f, {.name = "expires_in_days", .label = "Until when?", .value = typed.expires_in_days},
                           {{"30", "30 days"}, {"90", "90 days"}, {"365", "A year"}, {"", "Until it is revoked"}}, why);
    };
    out.write(R"(<section><h2>New key</h2><form class="page" method="post" action="/settings/api-keys">{})"
              R"(<p class="acts"><button class="main">Create the key</button></p></form></section>)",
              fields);
}

/// What the page shows besides the keys.
class shown_keys {
 public:
    typed_key typed;
    std::string_view notice;
    const new_api_key* made = nullptr;
    const failure* why = nullptr;
};

site::page keys_page(const std::vector<api_key>& keys, const shown_keys& s)
{
    auto p = site::settings_page(site::settings::api_keys, s.notice);
    if (s.made != nullptr)
        p.main.write(R"(<div class="note ok" role="status"><p><b>The key “{}” is made.</b> Copy it now: it is shown )"
                     R"(only this once.</p><code class="key">{}</code></div>)",
                     s.made->name, s.made->key);
    site::write_refusal(p.main, s.why, {"name", "scopes", "expires_in_days"});
    p.main.write(R"(<p class="lead">A key lets a program act for you, by <a href="/docs">the API</a>. Give each )"
                 R"(program its own.</p>)");
    if (!keys.empty()) p.main.write(R"(<ul class="rows">{}</ul>)", html::each(keys, write_key));
    write_form(p.main, s.typed, s.why);
    return p;
}

api_key_request to_request(const typed_key& typed)
{
    api_key_request wanted;
    wanted.name = typed.name;
    wanted.scopes.emplace();
    wanted.scopes->emplace_back(read_scope);
    if (typed.scopes == write_scopes) wanted.scopes->emplace_back("write");
    if (!typed.expires_in_days.empty()) {
        const auto days = larder::json::from_text<std::int64_t>(typed.expires_in_days);
        wanted.expires_in_days = days ? *days : 0;  // 0 is refused
    }
    return wanted;
}

}  // namespace

class page_routes {
 public:
    page_routes(services& s, slice& keys) : keys_{keys}, site_{s.site}, clock_{s.clock}
    {
        constexpr std::size_t small_form = 16 * 1024;
        auto& routes = s.routes;
        const auto in = site_.view();
        routes.section("site");
        routes.page("/settings/api-keys", &page_routes::show, *this, in);
        routes.form("/settings/api-keys", &page_routes::create, *this, in).body_limit(small_form).shown_once();
        routes.page("/settings/api-keys/{id}/revoke", &page_routes::to_keys, *this, in);
        routes.form("/settings/api-keys/{id}/revoke", &page_routes::revoke, *this, in).body_limit(small_form);
    }

 private:
    http::response to_keys(http::anyone, const http::path<std::int64_t>&)
    {
        return site::see_other("/settings/api-keys");
    }

    asio::awaitable<outcome<site::page>> show(http::member who, const http::query<revoked_query>& q)
    {
        const auto keys = co_await keys_.store().of_user(who.id);
        shown_keys s;
        if (q->revoked) s.notice = "The key is revoked.";
        co_return keys_page(keys, s);
    }

    asio::awaitable<http::response> create(http::member who, const http::request& r, const http::form<typed_key>& f)
    {
        const auto wanted = to_request(*f);
        const auto made = co_await keys_.create_key(who.id, who.key_id, wanted);
        shown_keys s;
        failure why;
        if (made) {
            s.made = &*made;
        } else {
            why = made.error();
            if (why.status == 401) co_return http::problem(r, why);
            s.typed = *f;
            s.why = &why;
        }
        const auto keys = co_await keys_.store().of_user(who.id);
        auto answer = made ? site_.show(200, keys_page(keys, s)) : site_.show(why, keys_page(keys, s));
        answer.cache_control = "no-store";
        co_return answer;
    }

    asio::awaitable<http::response> revoke(http::member who, const http::request& r, const http::path<std::int64_t>& id)
    {
        const auto done = co_await keys_.store().revoke(who.id, *id, clock_.wall());
        if (!done) co_return http::problem(r, done.error());
        co_return site::see_other("/settings/api-keys?revoked=1");
    }

    slice& keys_;
    const site::site& site_;
    const larder::clock& clock_;
};

std::shared_ptr<page_routes> make_pages(services& s, slice& keys) { return std::make_shared<page_routes>(s, keys); }

}  // namespace agora::api_keys
