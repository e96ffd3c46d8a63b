// SPDX-License-Identifier: MIT
// robots.txt, the sitemap and security.txt, on both databases.
#include <gmock/gmock.h>
#include <agora/features/discovery/discovery.hpp>
#include <agora/features/users/users.hpp>
#include <agora/http/openapi.hpp>
#include <agora/testing/forum.hpp>

namespace agora::discovery {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class discovery_in : public testing::forum {
 protected:
    std::int64_t write(std::string title)
    {
        posts::draft d;
        d.title = std::move(title);
        d.body = "text";
        d.tags.emplace(1, "winter");
        return run(posts::create(posts_.store(), by_author_, ann_, d)).value().id;
    }

    const std::int64_t ann_ = add_user("ann");
    users::slice users_{parts()};
    posts::slice posts_{parts(), users_};
    categories::slice categories_{parts(), posts_};
    slice slice_{parts(), posts_, categories_, "mailto:security@agora.example"};
};
FORUM_SUITE(discovery_in);

TEST_P(discovery_in, robots_are_kept_away_from_forms_and_shown_the_sitemap)
{
    const auto robots = guest().get("/robots.txt");
    EXPECT_EQ(robots.content_type, "text/plain; charset=utf-8");
    EXPECT_TRUE(robots.cacheable);
    EXPECT_THAT(robots.body, HasSubstr("User-agent: *\nDisallow: /api/\n"));
    EXPECT_THAT(robots.body, HasSubstr("\nDisallow: /posts/*/edit$\n"));
    EXPECT_THAT(robots.body, HasSubstr("\n\nSitemap: https://agora.example/sitemap.xml\n"));
}

TEST_P(discovery_in, the_sitemap_has_a_part_for_each_range_of_ids)
{
    const auto first = write("Brakes & more");
    execute(
        "INSERT INTO posts (id, author_id, title, excerpt, created_at, updated_at, active_at)"
        " VALUES (20001, $1, 'Chains', '', 1, 2, 3)",
        ann_);
    const auto index = guest().get("/sitemap.xml");
    EXPECT_EQ(index.stored->content_type(), "application/xml; charset=utf-8");
    for (const char* part : {"0", "1", "3"})
        EXPECT_THAT(index.body, HasSubstr("<loc>https://agora.example/sitemap/" + std::string{part} + ".xml</loc>"));
    EXPECT_THAT(index.body, Not(HasSubstr("/sitemap/2.xml")));
    const auto one = guest().get("/sitemap/1.xml").body;
    EXPECT_THAT(one, HasSubstr("<loc>https://agora.example/posts/" + std::to_string(first) + "/brakes-more</loc>"));
    EXPECT_THAT(one, HasSubstr("<lastmod>"));
    EXPECT_THAT(one, Not(HasSubstr("chains")));
    EXPECT_THAT(guest().get("/sitemap/3.xml").body, HasSubstr("/posts/20001/chains</loc>"));
    for (const char* none : {"2.xml", "4.xml", "-1.xml", "01.xml", ".xml", "1", "1.xmlx", "9223372036854775807.xml",
                             "922337203685476.xml"})
        EXPECT_EQ(guest().get("/sitemap/" + std::string{none}).status, 404U) << none;
}

TEST_P(discovery_in, the_first_part_has_categories_and_tags)
{
    add_category("repairs");
    write("Brakes");
    const auto part = guest().get("/sitemap/0.xml").body;
    for (const char* path : {"/", "/categories", "/tags", "/c/repairs", "/t/winter"})
        EXPECT_THAT(part, HasSubstr("<url><loc>https://agora.example" + std::string{path} + "</loc>"));
}

TEST_P(discovery_in, security_txt_has_a_contact_and_expires)
{
    const auto text = guest().get("/.well-known/security.txt");
    EXPECT_EQ(text.status, 200U);
    EXPECT_THAT(text.body, HasSubstr("Contact: mailto:security@agora.example\nExpires: "));
    EXPECT_THAT(text.body, HasSubstr("T00:00:00.000Z\n"));
    EXPECT_THAT(text.body, HasSubstr("Canonical: https://agora.example/.well-known/security.txt\n"));
}

TEST_P(discovery_in, the_api_document_does_not_list_them)
{
    const http::documentation nothing_more;
    const auto document = http::make_openapi(http::api_description{parts().routes, nothing_more});
    EXPECT_THAT(document, HasSubstr("\"/api/categories\""));
    for (const char* path : {"\"/robots.txt\"", "\"/sitemap.xml\"", "\"/feed.atom\"", "\"/c/{slug}\""})
        EXPECT_THAT(document, Not(HasSubstr(path)));
}

}  // namespace
}  // namespace agora::discovery
