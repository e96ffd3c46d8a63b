// SPDX-License-Identifier: MIT
// See view.hpp. A problem becomes a page that says what happened and what can be done; its code and request id stand
// below it in small print, for a report to the operator.
#include <agora/http/request.hpp>
#include <agora/site/forms.hpp>
#include <agora/site/layout.hpp>
#include <agora/site/site.hpp>

namespace agora::site {
namespace {

struct explanation {
    std::int64_t status;
    std::string_view heading;
    std::string_view text;
};

constexpr explanation explanations[] = {
    {400, "The address is not right", "Something in the address or the form could not be read. Go back and try again."},
    {403, "You cannot do this", "Perhaps it belongs to somebody else, or it needs another role."},
    {404, "There is nothing here",
     "The address may be mistyped, or what was here has moved. Nothing is lost: the "
     "front page has all discussions."},
    {405, "This address cannot do that", "It takes no request of this kind. Go back and use the form on the page."},
    {410, "This was deleted", "Its author or a moderator has removed it."},
    {412, "Somebody changed it meanwhile", "Open it again to see the change, then repeat yours."},
    {413, "That is too long", "Go back, shorten it and send it again."},
    {415, "This form takes no files", "Go back and send the form as it is on the page."},
    {429, "A little slower, please",
     "You have sent more requests than one person usually does. Wait a moment and try "
     "again; nothing that you typed was sent."},
    {503, "The site cannot do this at the moment",
     "Something that it needs is not reachable. It will be back by "
     "itself; try again in a minute."},
};
constexpr explanation other{500, "Something went wrong",
                            "The fault is ours, and it has been written to the log. Try "
                            "again; if it stays, send the number below to the operator."};

const explanation& explain(std::int64_t status)
{
    for (const auto& e : explanations)
        if (e.status == status) return e;
    return other;
}

/// What a page, or a problem, becomes as a response body.
http::shown to_shown(html::writer& out)
{
    http::shown made;
    made.page = std::make_shared<http::page_parts>();
    for (const auto& s : out.slots())
        made.page->slots.push_back({s.slot.kind, s.slot.subject, s.slot.owner, s.offset, s.length});
    made.body = out.take();
    return made;
}

/// `look`: the class of the links.
void write_tools(html::writer& out, const char* of, std::optional<std::string_view> look, const http::page_slot& s,
                 const http::request& r)
{
    const bool own = r.caller.user_id == s.owner;
    if (!own && r.caller.role < http::role::moderator) return;
    const auto base = std::string{of} + std::to_string(s.subject);
    const std::string_view as = own ? "" : " as moderator";
    out.write(R"(<a class="{}" href="{}">Edit{}</a><a class="{}" href="{}">Delete{}</a>)", look,
              html::path::parse(base + "/edit"), as, look, html::path::parse(base + "/delete"), as);
}

}  // namespace

http::shown site_view::show(const page& p) const
{
    html::writer out;
    out.reserve(16 * 1024);
    write_document(out, *site_, p);
    auto made = to_shown(out);
    made.page->canonical = p.canonical;
    return made;
}

http::shown site_view::show_problem(const http::problem_details& d) const
{
    page p;
    if (d.status == 401) {
        sign_in_form f;
        f.next = next_path(d.instance);
        p = sign_in_page(f);
    } else {
        const auto& e = explain(d.status);
        p.title = e.heading;
        const auto details = [&](html::writer& out) {
            if (!d.detail.empty()) out.write(R"(<p class="note">{}</p>)", d.detail);
            for (const auto& f : d.fields) out.write(R"(<p class="error">{}: {}</p>)", f.field, f.message);
        };
        p.slim = true;
        p.main.write(R"(<h1>{}</h1><p class="lead">{}</p>{}<p class="acts">)"
                     R"(<a class="button main" href="/">To the discussions</a></p><p class="hint">{} · {} · {}</p>)",
                     e.heading, e.text, details, d.status, d.code, d.request_id);
    }
    p.indexed = false;
    html::writer out;
    write_document(out, *site_, p);
    return to_shown(out);
}

void site_view::fill(std::string& out, const http::page_slot& s, const http::request& r) const
{
    html::writer filled;
    switch (static_cast<slot_kind>(s.kind)) {
        case slot_kind::account:
            write_account_box(filled, site_->name_of(r.caller.user_id));
            break;
        case slot_kind::post_tools:
            write_tools(filled, "/posts/", "button", s, r);
            break;
        case slot_kind::comment_tools:
            write_tools(filled, "/comments/", std::nullopt, s, r);
            break;
        case slot_kind::profile_tools:
            if (r.caller.user_id == s.owner)
                filled.write(R"(<a class="button" href="/settings/profile">Edit profile</a>)");
            break;
    }
    out = filled.take();
}

std::optional<http::response> site_view::arrive(const http::request&) const
{
    page p;
    p.indexed = false;
    p.reloads = true;
    p.main.write(R"(<h1>One moment</h1><p class="lead">This page loads again, as you are signed in.</p>)");
    auto answer = site_->show(200, p);
    answer.cache_control = "no-store";
    return answer;
}

std::optional<http::response> site_view::ask_to_sign_in(const http::request& r) const
{
    sign_in_form f;
    f.form_address = r.path;
    f.kept = fields_of(r);
    return site_->show(401, sign_in_page(f));
}

}  // namespace agora::site
