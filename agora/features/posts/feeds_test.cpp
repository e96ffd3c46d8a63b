// SPDX-License-Identifier: MIT
// Atom feeds on both databases. tests/e2e/discovery_test.py parses those of a whole community.
#include <gmock/gmock.h>
#include <agora/features/posts/posts.hpp>
#include <agora/testing/forum.hpp>
#include <larder/rfc3339.hpp>

namespace agora::posts {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class feeds_in : public testing::forum {
 protected:
    post write(std::string title, std::vector<std::string> tags = {})
    {
        clock_.advance(std::chrono::seconds{1});
        draft d;
        d.title = std::move(title);
        d.body = "text & more";
        d.tags = std::move(tags);
        return run(create(slice_.store(), by_author_, ann_, d)).value();
    }

    const std::int64_t ann_ = add_user("ann");
    users::slice users_{parts()};
    slice slice_{parts(), users_};
};
FORUM_SUITE(feeds_in);

TEST_P(feeds_in, have_the_newest_posts_with_absolute_addresses)
{
    const auto id = std::to_string(write("Chains & <brakes>", {"c++"}).id);
    const auto feed = guest().get("/feed.atom");
    ASSERT_EQ(feed.status, 200U);
    ASSERT_NE(feed.stored, nullptr) << "kept in the cache";
    EXPECT_EQ(feed.stored->content_type(), "application/atom+xml; charset=utf-8");
    EXPECT_FALSE(feed.stored->in(http::coding::identity).etag.empty());
    EXPECT_THAT(feed.body,
                HasSubstr("<feed xmlns=\"http://www.w3.org/2005/Atom\"><id>https://agora.example/feed.atom</id>"));
    EXPECT_THAT(feed.body, HasSubstr("<entry><id>https://agora.example/posts/" + id + "</id>"));
    EXPECT_THAT(feed.body, HasSubstr("href=\"https://agora.example/posts/" + id + "/chains-brakes\"/>"));
    EXPECT_THAT(feed.body, HasSubstr("<title>Chains &amp; &lt;brakes&gt;</title>"));
    EXPECT_THAT(feed.body, HasSubstr("<summary>text &amp; more</summary>"));
    EXPECT_THAT(feed.body, HasSubstr("<name>ann</name>\n<uri>https://agora.example/u/ann</uri>"));
    EXPECT_THAT(feed.body, HasSubstr("<category term=\"c++\"/>"));
}

TEST_P(feeds_in, are_updated_when_the_last_post_was)
{
    EXPECT_THAT(guest().get("/feed.atom").body, HasSubstr("<updated>1970-01-01T00:00:00.000Z</updated>"));
    const auto newest = write("Brakes");
    const auto time = larder::to_rfc3339(newest.updated_at);
    EXPECT_THAT(guest().get("/feed.atom").body, HasSubstr("<updated>" + time + "</updated>\n<link rel=\"self\""))
        << "the write has invalidated the first one";
}

TEST_P(feeds_in, of_tags_and_of_members)
{
    write("Brakes", {"repairs"});
    write("Chains");
    const auto tagged = guest().get("/t/repairs/feed.atom").body;
    EXPECT_THAT(tagged, HasSubstr("Brakes"));
    EXPECT_THAT(tagged, Not(HasSubstr("Chains")));
    EXPECT_THAT(tagged, HasSubstr("href=\"https://agora.example/t/repairs\"/>"));
    const auto members = guest().get("/u/Ann/feed.atom").body;
    EXPECT_THAT(members, HasSubstr("<id>https://agora.example/u/ann/feed.atom</id>"));
    EXPECT_THAT(members, HasSubstr("Chains"));
    for (const char* none : {"/t/none/feed.atom", "/t/%FF/feed.atom", "/u/bob/feed.atom"}) {
        const auto missing = guest().get(none);
        EXPECT_EQ(missing.status, 404U) << none;
        EXPECT_EQ(missing.content_type, "text/plain; charset=utf-8");
    }
}

}  // namespace
}  // namespace agora::posts
