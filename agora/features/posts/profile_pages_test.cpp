// SPDX-License-Identifier: MIT
// The pages of members, on both databases.
#include <gmock/gmock.h>
#include <agora/features/posts/posts.hpp>
#include <agora/testing/forum.hpp>

namespace agora::posts {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class profile_pages_in : public testing::forum {
 protected:
    std::int64_t write(std::string title)
    {
        clock_.advance(std::chrono::seconds{1});
        draft d;
        d.title = std::move(title);
        d.body = "text";
        return run(create(slice_.store(), by_author_, ann_, d)).value().id;
    }
    std::string path_of(const http::response& page) { return page.stored->page()->canonical; }

    const std::int64_t ann_ = add_user("ann");
    users::slice users_{parts()};
    slice slice_{parts(), users_};
};
FORUM_SUITE(profile_pages_in);

TEST_P(profile_pages_in, show_the_profile_and_the_posts)
{
    execute("UPDATE users SET display_name = 'Ann <b>', bio = $2, role = 'moderator', followers = 1 WHERE id = $1",
            ann_, std::string{"I mend\r\nbicycles.\n\n\n& clocks"});
    write("Brakes");
    const auto page = guest().get("/u/ann");
    ASSERT_EQ(page.status, 200U);
    EXPECT_THAT(page.body, HasSubstr(R"(itemprop="name">Ann &lt;b&gt;</h1>)"));
    EXPECT_THAT(page.body, HasSubstr(R"(<span>@ann</span><span class="mark">moderator</span>)"));
    EXPECT_THAT(page.body, HasSubstr("<p>I mend<br>bicycles.</p><p>&amp; clocks</p></div>"));
    EXPECT_THAT(page.body, HasSubstr("<b>1</b> post</span><span><b>1</b> follower</span><span><b>0</b> following"));
    EXPECT_THAT(page.body, HasSubstr(R"(>Brakes</a></h2>)"));
    EXPECT_THAT(page.body, HasSubstr(R"(itemtype="https://schema.org/ProfilePage")"));
    EXPECT_THAT(page.body, HasSubstr(R"(<link rel="canonical" href="https://agora.example/u/ann">)"));
    EXPECT_THAT(page.body, HasSubstr(R"(type="application/atom+xml" href="/u/ann/feed.atom")"));
}

TEST_P(profile_pages_in, another_spelling_is_the_same_page)
{
    EXPECT_EQ(path_of(guest().get("/u/ann")), "/u/ann");
    EXPECT_EQ(path_of(guest().get("/u/ANN")), "/u/ann");
    for (const char* nobody : {"/u/bob", "/u/%FF", "/u/a%20b"}) EXPECT_EQ(guest().get(nobody).status, 404U) << nobody;
}

TEST_P(profile_pages_in, a_change_of_the_profile_or_of_a_post_invalidates_them)
{
    EXPECT_THAT(guest().get("/u/ann").body, HasSubstr("ann has not written a post yet"));
    write("Brakes");
    EXPECT_THAT(guest().get("/u/ann").body, HasSubstr("Brakes"));
    EXPECT_EQ(as(ann_).put("/api/users/me", R"({"display_name":"Ann of the hill"})").status, 200U);
    EXPECT_THAT(guest().get("/u/ann").body, HasSubstr("Ann of the hill"));
}

TEST_P(profile_pages_in, older_posts_are_on_further_pages)
{
    for (int i = 0; i < 21; ++i) write("Post number " + std::to_string(i) + ".");
    const auto first = guest().get("/u/ann").body;
    EXPECT_THAT(first, Not(HasSubstr("Post number 0.")));
    const std::string link = "href=\"/u/ann?after=";
    const auto at = first.find(link) + 6;
    ASSERT_LT(at, first.size());
    const auto second = guest().get(first.substr(at, first.find('"', at) - at)).body;
    EXPECT_THAT(second, HasSubstr("Post number 0."));
    EXPECT_THAT(second, HasSubstr("noindex"));
}

TEST_P(profile_pages_in, of_a_deleted_account_show_only_the_posts)
{
    write("Brakes");
    execute("UPDATE users SET username = 'deleted-1', display_name = '', bio = '', deleted_at = 1 WHERE id = $1", ann_);
    const auto page = guest().get("/u/deleted-1");
    ASSERT_EQ(page.status, 200U);
    EXPECT_THAT(page.body, HasSubstr("A member who has left"));
    EXPECT_THAT(page.body, HasSubstr("Brakes"));
    EXPECT_THAT(page.body, HasSubstr("noindex"));
    EXPECT_EQ(guest().get("/u/deleted-2").status, 404U);
}

}  // namespace
}  // namespace agora::posts
