// SPDX-License-Identifier: MIT
// The pages of categories and tags, the feed of a category, and the margin, on both databases.
#include <gmock/gmock.h>
#include <agora/features/categories/categories.hpp>
#include <agora/features/users/users.hpp>
#include <agora/testing/forum.hpp>

namespace agora::categories {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class category_pages_in : public testing::forum {
 protected:
    void write(std::string title, std::string category, std::vector<std::string> tags = {})
    {
        clock_.advance(std::chrono::seconds{1});
        posts::draft d;
        d.title = std::move(title);
        d.body = "text";
        d.category = std::move(category);
        d.tags = std::move(tags);
        EXPECT_TRUE(run(posts::create(posts_.store(), by_author_, ann_, d)));
    }

    const std::int64_t ann_ = add_user("ann");
    const std::int64_t repairs_ = add_category("repairs");
    users::slice users_{parts()};
    posts::slice posts_{parts(), users_};
    slice slice_{parts(), posts_};
};
FORUM_SUITE(category_pages_in);

TEST_P(category_pages_in, list_the_categories_with_their_counts)
{
    add_category("market");
    execute("UPDATE categories SET name = 'Re & pairs', description = 'What <broke>' WHERE id = $1", repairs_);
    write("Brakes", "repairs");
    const auto page = guest().get("/categories").body;
    EXPECT_THAT(page, HasSubstr(R"(<li><h2 dir="auto"><a href="/c/repairs">Re &amp; pairs</a></h2>)"
                                R"(<p class="meta" dir="auto">What &lt;broke&gt;</p>)"
                                R"(<span class="count"><b>1</b> post</span></li>)"
                                R"(<li><h2 dir="auto"><a href="/c/market">market</a></h2>)"
                                R"(<span class="count"><b>0</b> posts</span></li>)"));
    write("Chains", "repairs");
    EXPECT_THAT(guest().get("/categories").body, HasSubstr("<b>2</b> posts")) << "a write invalidates it";
}

TEST_P(category_pages_in, show_the_posts_of_one_category)
{
    add_category("market");
    write("Brakes", "repairs");
    write("For sale", "market");
    const auto page = guest().get("/c/repairs");
    ASSERT_EQ(page.status, 200U);
    EXPECT_THAT(page.body, HasSubstr(R"(<h1 dir="auto">repairs</h1>)"));
    EXPECT_THAT(page.body, HasSubstr(">Brakes</a>"));
    EXPECT_THAT(page.body, Not(HasSubstr("For sale")));
    EXPECT_THAT(page.body, HasSubstr(R"(href="/write?category=repairs">Write a post</a>)"));
    EXPECT_THAT(page.body, HasSubstr(R"(<a href="/c/repairs?sort=top">Top</a>)"));
    EXPECT_THAT(page.body, HasSubstr(R"(<link rel="canonical" href="https://agora.example/c/repairs">)"));
    EXPECT_EQ(page.stored->page()->canonical, "/c/repairs");
    EXPECT_EQ(guest().get("/c/Repairs").stored->page()->canonical, "/c/repairs") << "and is redirected";
    EXPECT_THAT(guest().get("/c/repairs?sort=top").body, HasSubstr("noindex"));
    write("Chains", "repairs");
    EXPECT_THAT(guest().get("/c/repairs").body, HasSubstr(">Chains</a>"));
}

TEST_P(category_pages_in, without_posts_invite_to_write_the_first)
{
    const auto page = guest().get("/c/repairs").body;
    EXPECT_THAT(page, HasSubstr("<h2>Nothing in “repairs” yet</h2>"));
    EXPECT_THAT(page, HasSubstr(R"(<a class="button main" href="/write?category=repairs">Write a post</a></p></div>)"));
}

TEST_P(category_pages_in, refuse_what_does_not_exist)
{
    for (const char* path : {"/c/none", "/c/%FF", "/c/%20", "/c/none/feed.atom", "/c/%FF/feed.atom"})
        EXPECT_EQ(guest().get(path).status, 404U) << path;
    EXPECT_EQ(guest().get("/c/repairs?sort=odd").status, 422U);
    EXPECT_EQ(guest().get("/c/repairs?after=odd").status, 400U);
}

TEST_P(category_pages_in, show_the_tags)
{
    EXPECT_THAT(guest().get("/tags").body, HasSubstr("No post has a tag yet"));
    write("Brakes", "repairs", {"c++", "winter"});
    write("Chains", "repairs", {"winter"});
    EXPECT_THAT(guest().get("/tags").body,
                HasSubstr(R"(<ul class="cloud"><li><a class="tag" href="/t/winter">winter</a>2</li>)"
                          R"(<li><a class="tag" href="/t/c%2B%2B">c++</a>1</li></ul>)"));
}

TEST_P(category_pages_in, have_feeds)
{
    write("Brakes", "repairs");
    const auto feed = guest().get("/c/repairs/feed.atom");
    ASSERT_NE(feed.stored, nullptr);
    EXPECT_EQ(feed.stored->content_type(), "application/atom+xml; charset=utf-8");
    EXPECT_THAT(feed.body, HasSubstr("<id>https://agora.example/c/repairs/feed.atom</id>"));
    EXPECT_THAT(feed.body, HasSubstr("<title>Brakes</title>"));
}

TEST_P(category_pages_in, describe_the_community_in_the_margin)
{
    write("Brakes", "repairs", {"winter"});
    execute("UPDATE users SET created_at = 1282761374000 WHERE id = $1", ann_);
    execute("INSERT INTO users (username, display_name, created_at, deleted_at) VALUES ('deleted-9', '', $1, 6)",
            std::int64_t{1300000000000});
    const auto page = guest().get("/categories").body;
    EXPECT_THAT(page, HasSubstr(R"(<h2>Categories</h2><ul><li><a href="/c/repairs">repairs</a>1</li></ul>)"));
    EXPECT_THAT(page, HasSubstr(R"(<h2>Busy tags</h2><ul><li><a href="/t/winter">winter</a>1</li></ul>)"));
    EXPECT_THAT(page, HasSubstr("<p>1 discussion by 1 member since 2010. Everybody may read; members write.</p>"));
}

}  // namespace
}  // namespace agora::categories
