// SPDX-License-Identifier: MIT
// Writes fields and the sign-in form. An error is connected to its field by aria-describedby, so that screen readers
// announce it.
#include <agora/html/url.hpp>
#include <agora/site/forms.hpp>
#include <algorithm>

namespace agora::site {
namespace {

constexpr std::string_view kept_prefix = "kept.";
constexpr std::size_t max_kept_fields = 10;

const field_error* error_of(const failure* why, std::string_view name)
{
    if (why == nullptr) return nullptr;
    const auto found = std::ranges::find(why->fields, name, &field_error::field);
    return found == why->fields.end() ? nullptr : &*found;
}

/// With a capital letter and a full stop.
std::string sentence(std::string text)
{
    if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 32);
    if (!text.empty() && text.back() != '.' && text.back() != '?') text += '.';
    return text;
}

/// The error beside its field: "must not be empty" becomes "This must not be empty."
std::string sentence(const field_error& e)
{
    const auto& text = e.message;
    const bool lacks_subject = text.starts_with("must ") || text.starts_with("is ") || text.starts_with("has ");
    return sentence(lacks_subject ? "This " + text : text);
}

using optional_text = std::optional<std::string>;

optional_text described_by(const field& f, const field_error* e)
{
    std::string ids;
    if (e != nullptr) ids = std::string{f.name} + "-e";
    if (!f.hint.empty()) ids.append(ids.empty() ? "" : " ").append(f.name).append("-h");
    return ids.empty() ? optional_text{} : ids;
}

void write_below(html::writer& out, const field& f, const field_error* e)
{
    if (e != nullptr) out.write(R"(<p class="error" id="{}-e">{}</p>)", f.name, sentence(*e));
    if (!f.hint.empty()) out.write(R"(<p class="hint" id="{}-h">{}</p>)", f.name, f.hint);
}

optional_text if_any(std::string_view text) { return text.empty() ? optional_text{} : optional_text{text}; }
optional_text maximum(const field& f) { return f.most > 0 ? optional_text{std::to_string(f.most)} : optional_text{}; }
optional_text if_set(bool set, std::string_view text) { return set ? optional_text{text} : optional_text{}; }

}  // namespace

void write_field(html::writer& out, const field& f, const failure* why)
{
    const auto* e = error_of(why, f.name);
    const bool secret = f.type == "password";
    const bool exact = f.exact || secret;
    out.write(R"(<label for="{}">{}</label><input id="{}" name="{}" type="{}" value="{}" autocomplete="{}" )"
              R"(autocapitalize="{}" spellcheck="{}" dir="{}" maxlength="{}" aria-invalid="{}" aria-describedby="{}" )"
              R"(required="{}">)",
              f.name, f.label, f.name, f.name, f.type, secret ? optional_text{} : if_any(f.value),
              if_any(f.autocomplete), if_set(exact, "none"), if_set(exact, "false"),
              if_set(!exact && f.type == "text", "auto"), maximum(f), if_set(e != nullptr, "true"), described_by(f, e),
              f.required);
    write_below(out, f, e);
}

void write_text_area(html::writer& out, const field& f, const failure* why)
{
    const auto* e = error_of(why, f.name);
    // The line end after the start tag is dropped by browsers; without it they would drop the first one of the text.
    out.write(R"(<label for="{}">{}</label><textarea id="{}" name="{}" maxlength="{}" dir="auto" aria-invalid="{}" )"
              R"(aria-describedby="{}" required="{}">)"
              "\n{}</textarea>",
              f.name, f.label, f.name, f.name, maximum(f), e != nullptr ? optional_text{"true"} : optional_text{},
              described_by(f, e), f.required, f.value);
    write_below(out, f, e);
}

void write_select(html::writer& out, const field& f, const std::vector<std::pair<std::string, std::string>>& choices,
                  const failure* why)
{
    const auto* e = error_of(why, f.name);
    const auto options = html::each(choices, [&](html::writer& one, const auto& choice) {
        one.write(R"(<option value="{}" selected="{}">{}</option>)", choice.first, choice.first == f.value,
                  choice.second);
    });
    out.write(
        R"(<label for="{}">{}</label><select id="{}" name="{}" aria-invalid="{}" aria-describedby="{}">{}</select>)",
        f.name, f.label, f.name, f.name, e != nullptr ? optional_text{"true"} : optional_text{}, described_by(f, e),
        options);
    write_below(out, f, e);
}

void write_choices(html::writer& out, const field& f, const std::vector<std::pair<std::string, std::string>>& choices)
{
    const auto buttons = html::each(choices, [&](html::writer& one, const auto& choice) {
        one.write(R"(<label class="pick"><input type="radio" name="{}" value="{}" checked="{}"> {}</label>)", f.name,
                  choice.first, choice.first == f.value, choice.second);
    });
    out.write("<fieldset><legend>{}</legend>{}</fieldset>", f.label, buttons);
}

void write_notice(html::writer& out, std::string_view text)
{
    if (!text.empty()) out.write(R"(<p class="note ok" role="status">{}</p>)", text);
}

void write_refusal(html::writer& out, const failure* why, std::initializer_list<std::string_view> fields)
{
    if (why == nullptr) return;
    if (why->fields.empty()) {
        out.write(R"(<div class="note bad" role="alert"><p>{}</p></div>)", sentence(why->detail));
        return;
    }
    const auto item = [&](html::writer& list, const field_error& e) {
        const bool has_field = std::ranges::find(fields, e.field) != fields.end();
        const auto text = sentence(e.field + " " + e.message);
        if (has_field) list.write(R"(<li><a href="#{}">{}</a></li>)", e.field, text);
        if (!has_field) list.write("<li>{}</li>", text);
    };
    out.write(
        R"(<div class="note bad" role="alert"><p><b>{} to be corrected.</b> What you typed is kept.</p>)"
        R"(<ul>{}</ul></div>)",
        why->fields.size() == 1 ? std::string{"One thing needs"} : std::to_string(why->fields.size()) + " things need",
        html::each(why->fields, item));
}

typed_fields fields_of(const http::request& r)
{
    typed_fields fields;
    for (auto& [name, value] : http::parameters_in(r.body)) {
        if (name.find("password") != std::string::npos || fields.size() == max_kept_fields) continue;
        fields.emplace_back(std::move(name), std::move(value));
    }
    return fields;
}

typed_fields kept_in(const http::request& r)
{
    typed_fields kept;
    for (auto& [name, value] : http::parameters_in(r.body)) {
        if (!name.starts_with(kept_prefix) || kept.size() == max_kept_fields) continue;
        kept.emplace_back(name.substr(kept_prefix.size()), std::move(value));
    }
    return kept;
}

page sign_in_page(const sign_in_form& f, const failure* why)
{
    page p;
    p.title = why != nullptr ? "Error: Sign in" : "Sign in";
    p.indexed = false;
    const bool kept = !f.form_address.empty();
    p.main.write("<h1>Sign in</h1>");
    p.slim = true;
    write_notice(p.main, f.notice);
    if (!f.kept.empty())
        p.main.write(
            R"(<p class="note ok" role="status"><b>What you wrote is kept.</b> After you have signed in it is )"
            R"(in the form again, ready to be sent.</p>)");
    if (why != nullptr && why->status == 401)
        p.main.write(R"(<div class="note bad" role="alert"><p><b>The name or the password is wrong.</b> Correct them, )"
                     R"(or <a href="/forgot">set a new password by e-mail</a>.</p></div>)");
    else
        write_refusal(p.main, why, {"username", "password"});
    const auto fields = [&](html::writer& out) {
        write_field(out,
                    {.name = "username",
                     .label = "Name or e-mail",
                     .value = f.username,
                     .autocomplete = "username",
                     .exact = true},
                    why);
        write_field(out,
                    {.name = "password", .label = "Password", .type = "password", .autocomplete = "current-password"},
                    why);
        out.write(R"(<input type="hidden" name="next" value="{}">)", f.next);
        if (kept) out.write(R"(<input type="hidden" name="form" value="{}">)", f.form_address);
        for (const auto& [name, value] : f.kept)
            out.write(R"(<input type="hidden" name="{}" value="{}">)", std::string{kept_prefix} + name, value);
    };
    p.main.write(R"(<form method="post" action="/sign-in">{}<p class="acts"><button class="main">Sign in</button>)"
                 R"(<a class="button" href="/register">Join</a></p>)"
                 R"(<p class="hint"><a href="/forgot">Forgot the password?</a></p></form>)",
                 fields);
    return p;
}

page continue_page(std::string_view form_address, const typed_fields& kept)
{
    page p;
    p.title = "You are signed in";
    p.indexed = false;
    p.mid = true;
    const auto to = html::path::parse(form_address);
    const auto fields = [&](html::writer& out) {
        for (const auto& [name, value] : kept) {
            if (name == "body") {
                write_text_area(out, {.name = name, .label = "Text", .value = value});
            } else if (name == "title" || name == "tags") {
                write_field(out, {.name = name,
                                  .label = name == "title" ? "Title" : "Tags",
                                  .value = value,
                                  .required = name == "title"});
            } else {
                out.write(R"(<input type="hidden" name="{}" value="{}">)", name, value);
            }
        }
    };
    p.main.write(R"(<h1>You are signed in</h1><p class="note ok">This is what you wrote. Send it when it is ready.</p>)"
                 R"(<form class="page" method="post" action="{}">{}<p class="acts"><button class="main">Send</button>)"
                 R"(</p></form>)",
                 to ? *to : html::path{"/write"}, fields);
    return p;
}

std::string next_path(std::string_view given)
{
    const auto path = html::path::parse(given);
    return path ? path->text() : "/";
}

}  // namespace agora::site
