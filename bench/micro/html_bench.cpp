// SPDX-License-Identifier: MIT
// The time to write a list of 20 posts as HTML, from structs to the finished text: agora::html compared with ctemplate,
// which escapes by context, and with kainjow's mustache. Each benchmark first checks that its page is the same as that
// of agora::html. The functions that make a page are not inlined, so that valgrind --toggle-collect can name them.
#include <benchmark/benchmark.h>
#include <ctemplate/template.h>
#include <agora/html/html.hpp>

#include <kainjow/mustache.hpp>

namespace {

namespace html = agora::html;
namespace mustache = kainjow::mustache;

struct post {
    std::int64_t id = 0;
    std::string title, slug, author, avatar_class, initial, written_at, written_ago;
    std::vector<std::string> tags;
    int likes = 0;
    int comments = 0;
};

std::vector<post> posts()
{
    std::vector<post> all(20);
    for (std::size_t i = 0; i < all.size(); ++i) {
        auto& p = all[i];
        p.id = 400 + static_cast<std::int64_t>(i);
        p.title = "How do I \"true\" a wheel & axle that has been hit by a car, and is it worth it?";
        p.slug = "how-do-i-true-a-wheel-axle-that-has-been-hit-by-a-car-and-is-it-worth-it";
        p.author = "jimchristie";
        p.avatar_class = "h9";
        p.initial = "J";
        p.written_at = "2026-11-28T08:00:00Z";
        p.written_ago = "3 h ago";
        p.tags = {"discussion", "community-promotion"};
        p.likes = 14 + static_cast<int>(i);
        p.comments = 7;
    }
    return all;
}

[[gnu::noinline]] void agora_page(html::writer& page, const std::vector<post>& all)
{
    page.write(
        R"(<ol class="posts">{}</ol>)", html::each(all, [](html::writer& row, const post& p) {
            row.write(
                R"(<li><div class="score">{}<small>likes</small></div><div><h2><a href="/posts/{}/{}">{}</a></h2>)"
                R"(<p class="meta"><span><span class="avatar {}" aria-hidden="true">{}</span> )"
                R"(<a href="/u/{}">{}</a></span><time datetime="{}">{}</time>{}</p></div>)"
                R"(<a class="replies" href="/posts/{}/{}"><b>{}</b><small>comments</small></a></li>)",
                p.likes, p.id, p.slug, p.title, p.avatar_class, p.initial, p.author, p.author, p.written_at,
                p.written_ago,
                html::each(p.tags,
                           [](html::writer& link, const std::string& tag) {
                               link.write(R"(<a class="tag" href="/t/{}">{}</a>)", tag, tag);
                           }),
                p.id, p.slug, p.comments);
        }));
}

// ctemplate and mustache read the same template, but for the names of repeated parts.
std::string template_text(std::string_view pragma)
{
    return std::string{pragma} +
           R"(<ol class="posts">{{#ROW}}<li><div class="score">{{LIKES}}<small>likes</small></div><div><h2>)"
           R"(<a href="/posts/{{ID}}/{{SLUG}}">{{TITLE}}</a></h2><p class="meta"><span>)"
           R"(<span class="avatar {{AVATAR}}" aria-hidden="true">{{INITIAL}}</span> )"
           R"(<a href="/u/{{AUTHOR}}">{{AUTHOR}}</a></span><time datetime="{{AT}}">{{AGO}}</time>)"
           R"({{#TAG}}<a class="tag" href="/t/{{NAME}}">{{NAME}}</a>{{/TAG}}</p></div>)"
           R"(<a class="replies" href="/posts/{{ID}}/{{SLUG}}"><b>{{COMMENTS}}</b><small>comments</small></a></li>)"
           R"({{/ROW}}</ol>)";
}

[[gnu::noinline]] void ctemplate_page(std::string& out, const std::vector<post>& all)
{
    ctemplate::TemplateDictionary page{"page"};
    for (const auto& p : all) {
        auto* row = page.AddSectionDictionary("ROW");
        row->SetIntValue("LIKES", p.likes);
        row->SetIntValue("ID", p.id);
        row->SetValue("SLUG", p.slug);
        row->SetValue("TITLE", p.title);
        row->SetValue("AVATAR", p.avatar_class);
        row->SetValue("INITIAL", p.initial);
        row->SetValue("AUTHOR", p.author);
        row->SetValue("AT", p.written_at);
        row->SetValue("AGO", p.written_ago);
        row->SetIntValue("COMMENTS", p.comments);
        for (const auto& tag : p.tags) row->AddSectionDictionary("TAG")->SetValue("NAME", tag);
    }
    ctemplate::ExpandTemplate("page", ctemplate::DO_NOT_STRIP, &page, &out);
}

[[gnu::noinline]] std::string mustache_page(mustache::mustache& compiled, const std::vector<post>& all)
{
    mustache::data rows{mustache::data::type::list};
    for (const auto& p : all) {
        mustache::data tags{mustache::data::type::list};
        for (const auto& tag : p.tags) tags << mustache::data{"NAME", tag};
        mustache::data row;
        row.set("LIKES", std::to_string(p.likes));
        row.set("ID", std::to_string(p.id));
        row.set("SLUG", p.slug);
        row.set("TITLE", p.title);
        row.set("AVATAR", p.avatar_class);
        row.set("INITIAL", p.initial);
        row.set("AUTHOR", p.author);
        row.set("AT", p.written_at);
        row.set("AGO", p.written_ago);
        row.set("COMMENTS", std::to_string(p.comments));
        row.set("TAG", tags);
        rows << row;
    }
    return compiled.render({"ROW", rows});
}

std::string expected(const std::vector<post>& all)
{
    html::writer page;
    agora_page(page, all);
    return page.take();
}

void agora_html(benchmark::State& state)
{
    const auto all = posts();
    html::writer page;
    for (auto _ : state) {
        page.clear();
        agora_page(page, all);
        benchmark::DoNotOptimize(page.text().data());
    }
    state.counters["bytes"] = static_cast<double>(page.text().size());
}
BENCHMARK(agora_html);

void ctemplate_html(benchmark::State& state)
{
    const auto all = posts();
    ctemplate::StringToTemplateCache("page", template_text("{{%AUTOESCAPE context=\"HTML\"}}"),
                                     ctemplate::DO_NOT_STRIP);
    std::string out;
    ctemplate_page(out, all);
    if (out != expected(all)) return state.SkipWithError("ctemplate and agora::html do not write the same page");
    for (auto _ : state) {
        out.clear();
        ctemplate_page(out, all);
        benchmark::DoNotOptimize(out.data());
    }
}
BENCHMARK(ctemplate_html);

void mustache_html(benchmark::State& state)
{
    const auto all = posts();
    mustache::mustache compiled{template_text("")};
    if (mustache_page(compiled, all) != expected(all))
        return state.SkipWithError("mustache and agora::html do not write the same page");
    for (auto _ : state) benchmark::DoNotOptimize(mustache_page(compiled, all));
}
BENCHMARK(mustache_html);

}  // namespace
