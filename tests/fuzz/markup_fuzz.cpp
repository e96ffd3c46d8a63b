// SPDX-License-Identifier: MIT
// Fuzzes Markdown rendering and HTML sanitising. The input is also repeated up to the size of a long post, because slow
// inputs are mostly short patterns that repeat. The work (bytes from cmark's allocator, nodes, bytes of HTML) is
// counted and must be bounded by a multiple of the input's size, and the output must be clean. Code that allocates
// nothing is bounded in time by -timeout.
#include <agora/markup/markdown.hpp>
#include <agora/markup/page_html.hpp>
#include <agora/markup/sanitize.hpp>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

constexpr std::size_t for_tables = std::size_t{16} << 20;  // bytes that tables within max_table_heads may add
constexpr std::size_t long_text = 20'000;

void require(bool holds)
{
    if (!holds) std::abort();
}

void render(const std::string& text)
{
    agora::markup::render_work work;
    const auto html = agora::markup::render_markdown(text, &work);
    require(work.parser_bytes <= 1'000 * text.size() + for_tables);
    require(work.nodes <= 8 * text.size() + 16);
    require(work.html_bytes <= 32 * text.size() + for_tables);
    if (!html) return;
    require(html->size() <= agora::markup::max_html);
    // The output is safe to embed: sanitising it again does not change it.
    const auto again = agora::markup::try_sanitize_html(*html);
    require(!again || *again == *html);
}

/// What a page makes of it has no picture of another site, and is what the sanitiser would write, apart from the
/// attributes that only pages have. A picture at the greatest depth becomes a link with an element one level deeper.
void show(const std::string& safe)
{
    auto page = agora::markup::page_html{safe}.text();
    require(page.find("<img src=\"http") == std::string::npos);
    for (const std::string_view added :
         {R"( class="img")", R"( tabindex="0")", R"( aria-label="done")", R"( aria-label="to do")"})
        for (auto at = page.find(added); at != std::string::npos; at = page.find(added, at))
            page.erase(at, added.size());
    const auto again = agora::markup::try_sanitize_html(page);
    require(!again || *again == page || page.find("<small>Image at ") != std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string text{reinterpret_cast<const char*>(data), size};
    render(text);
    const std::string safe = agora::markup::sanitize_html(text);
    require(agora::markup::sanitize_html(safe) == safe);
    show(safe);
    if (text.empty() || size > long_text / 4) return 0;
    std::string repeated;
    while (repeated.size() < long_text) repeated += text;
    render(repeated);
    // Repeat the first half, then the second half as often: opening marks followed by their closing ones.
    const auto half = size / 2;
    std::string two;
    while (half > 0 && two.size() < long_text / 2) two += text.substr(0, half);
    while (two.size() < long_text) two += text.substr(half);
    render(two);
    return 0;
}
