// SPDX-License-Identifier: MIT
// A second view: one handler that lists posts is mounted as JSON and again as a plain text of titles.
#include <gmock/gmock.h>
#include <agora/features/posts/posts.hpp>
#include <agora/features/posts/posts_cache.hpp>
#include <agora/http/openapi.hpp>
#include <agora/testing/forum.hpp>

namespace agora::posts {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// One title a line.
class titles final : public http::view {
 public:
    std::string show(const api::list<post_summary>& page) const
    {
        std::string text;
        for (const auto& p : page.data) text += p.title + "\n";
        return text;
    }
    std::string_view content_type() const noexcept override { return "text/plain; charset=utf-8"; }
    std::string_view problem_type() const noexcept override { return "text/plain; charset=utf-8"; }
    http::shown show_problem(const http::problem_details& p) const override
    {
        std::string text = "Sorry: " + std::string{p.code} + "\n";
        for (const auto& f : p.fields) text += f.field + " " + f.message + "\n";
        return {std::move(text)};
    }
};

constexpr api::response_region<api::skip, api::limit, api::viewer, api::filters> lists{"test:json:{}:{}:{}:{}",
                                                                                       list_options};
constexpr api::response_region<api::skip, api::limit, api::viewer, api::filters> list_pages{"test:text:{}:{}:{}:{}",
                                                                                            list_options};

class reading {
 public:
    explicit reading(services& s) : store_{make_posts_store(s.outbox)}, cursors_{s.cursors}
    {
        s.routes.get("/api/reading", &reading::list, *this).cached(s.cache, api::keyed_by{lists});
        s.routes.page("/reading", &reading::list, *this, titles{}).cached(s.cache, api::keyed_by{list_pages});
        s.routes.get("/api/mine", &reading::mine, *this);
        s.routes.page("/mine", &reading::mine, *this, titles{});
    }
    store& posts() { return *store_; }

 private:
    asio::awaitable<outcome<api::list<post_summary>>> list(http::guest_or_member, const http::query<list_query>& q)
    {
        ++calls;
        return posts::list(*store_, cursors_, *q);
    }
    asio::awaitable<outcome<api::list<post_summary>>> mine(http::member, const http::query<list_query>& q)
    {
        return posts::list(*store_, cursors_, *q);
    }

    const std::unique_ptr<posts::store> store_;
    const storage::cursor_signer& cursors_;

 public:
    int calls = 0;
};

class views_of_posts_in : public testing::forum {
 protected:
    void write(std::string title)
    {
        clock_.advance(std::chrono::seconds{1});
        draft d;
        d.title = std::move(title);
        d.body = "text";
        EXPECT_TRUE(run(create(reading_.posts(), by_author_, ann_, d)));
    }

    const std::int64_t ann_ = add_user("ann");
    reading reading_{parts()};
};
FORUM_SUITE(views_of_posts_in);

TEST_P(views_of_posts_in, one_handler_is_shown_as_json_and_as_text)
{
    write("Brakes");
    const auto json = guest().get("/api/reading");
    const auto text = guest().get("/reading");
    EXPECT_THAT(json.body, HasSubstr(R"("title":"Brakes")"));
    EXPECT_EQ(text.body, "Brakes\n");
    ASSERT_NE(text.stored, nullptr);
    EXPECT_THAT(text.stored->in(http::coding::identity).head, HasSubstr("Content-Type: text/plain; charset=utf-8\r\n"));
    EXPECT_FALSE(text.stored->in(http::coding::identity).etag.empty());
    EXPECT_NE(text.stored->in(http::coding::identity).etag, json.stored->in(http::coding::identity).etag);
}

TEST_P(views_of_posts_in, each_view_is_cached_and_a_write_invalidates_both)
{
    write("Brakes");
    for (int i = 0; i < 2; ++i) {
        guest().get("/api/reading");
        guest().get("/reading");
    }
    EXPECT_EQ(reading_.calls, 2) << "one load for each view";
    write("Chains");
    EXPECT_EQ(guest().get("/reading").body, "Chains\nBrakes\n");
    EXPECT_THAT(guest().get("/api/reading").body, HasSubstr("Chains"));
    EXPECT_EQ(reading_.calls, 4);
}

TEST_P(views_of_posts_in, the_rules_for_caches_are_those_of_the_handler)
{
    const auto mine = as(ann_).get("/mine");
    EXPECT_EQ(mine.status, 200U);
    EXPECT_EQ(mine.content_type, "text/plain; charset=utf-8");
    EXPECT_EQ(mine.cache_control, "no-store");
    EXPECT_EQ(mine.cache_control, as(ann_).get("/api/mine").cache_control);
}

TEST_P(views_of_posts_in, problems_are_shown_by_the_view_of_their_route)
{
    const auto refused = guest().get("/mine");
    EXPECT_EQ(refused.status, 401U) << "found by admission";
    EXPECT_EQ(refused.content_type, "text/plain; charset=utf-8");
    EXPECT_EQ(refused.body, "Sorry: credentials_needed\n");
    const auto wrong = guest().get("/reading?limit=many");
    EXPECT_EQ(wrong.status, 422U) << "found when the arguments are read";
    EXPECT_THAT(wrong.body, HasSubstr("limit the value"));
    const auto unknown = guest().get("/reading?sort=odd");
    EXPECT_EQ(unknown.status, 422U) << "found by the handler";
    EXPECT_THAT(unknown.body, HasSubstr("Sorry: invalid_fields\nsort "));
    EXPECT_EQ(guest().get("/api/reading?sort=odd").content_type, "application/problem+json");
}

TEST_P(views_of_posts_in, only_the_view_for_programs_is_documented)
{
    const http::documentation nothing_more;
    const auto document = http::make_openapi(http::api_description{parts().routes, nothing_more});
    EXPECT_THAT(document, HasSubstr("\"/api/mine\""));
    EXPECT_THAT(document, Not(HasSubstr("\"/mine\"")));
}

}  // namespace
}  // namespace agora::posts
