// SPDX-License-Identifier: MIT
// The pages of posts and comments on both databases: reading, writing, replying, editing, deleting, by form.
#include <gmock/gmock.h>
#include <agora/features/comments/comments.hpp>
#include <agora/testing/forum.hpp>

namespace agora::comments {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string location_of(const http::response& r)
{
    for (const auto& [name, value] : r.headers)
        if (name == "Location") return value;
    return "no Location";
}

class pages_in : public agora::testing::forum {
 protected:
    /// Writes a post by form and returns its path.
    std::string write(const std::string& fields)
    {
        clock_.advance(std::chrono::seconds{1});
        const auto made = as(ann_).form("/posts", fields);
        EXPECT_EQ(made.status, 303U) << made.body;
        return location_of(made);
    }
    /// Comments on a post by form and returns the permalink's target.
    std::string comment_on(const std::string& post, const std::string& fields)
    {
        clock_.advance(std::chrono::seconds{1});
        const auto made = as(ben_).form("/posts/" + post + "/comments", fields);
        EXPECT_EQ(made.status, 303U) << made.body;
        return location_of(made);
    }
    static std::string id_in(const std::string& location) { return location.substr(location.rfind('-') + 1); }

    const std::int64_t ann_ = add_user("ann");
    const std::int64_t ben_ = add_user("ben");
    users::slice users_{parts()};
    posts::slice posts_{parts(), users_};
    slice comments_{parts(), posts_};
};
FORUM_SUITE(pages_in);

TEST_P(pages_in, the_front_page_shows_what_was_written_at_once)
{
    EXPECT_THAT(guest().get("/").body, HasSubstr("Nobody has written yet"));
    const auto path = write("title=Chains+%26+%3Cb%3Ebolts&body=Some+*text*&tags=repairs,winter");
    EXPECT_EQ(path, "/posts/1/chains-b-bolts");
    const auto front = guest().get("/");
    EXPECT_NE(front.stored, nullptr) << "cached";
    EXPECT_THAT(front.body,
                AllOf(HasSubstr("Chains &amp; &lt;b&gt;bolts</a>"), HasSubstr(R"(href="/posts/1/chains-b-bolts")"),
                      HasSubstr(R"(<a class="tag" href="/t/repairs">repairs</a>)")));
    EXPECT_THAT(guest().get("/top").body, HasSubstr("Chains"));
    EXPECT_THAT(guest().get("/active").body, HasSubstr("Chains"));
    EXPECT_THAT(guest().get("/t/winter").body, HasSubstr("Chains"));
    EXPECT_EQ(guest().get("/t/summer").status, 404U);
    EXPECT_EQ(guest().get("/?after=nonsense").status, 400U);
    EXPECT_EQ(guest().get("/write").content_type, "text/html; charset=utf-8");
}

TEST_P(pages_in, a_discussion_has_nested_comments_and_permalinks)
{
    write("title=One&body=text");
    const auto first = comment_on("1", "body=first+**bold**");
    EXPECT_EQ(first, "/posts/1/one#comment-1");
    comment_on("1", "body=an+answer&parent_id=1");
    const auto page = guest().get("/posts/1/one");
    EXPECT_THAT(page.body, AllOf(HasSubstr("2 comments"), HasSubstr("first <strong>bold</strong>")));
    const auto outer = page.body.find(R"(id="comment-1")");
    const auto inner = page.body.find(R"(id="comment-2")");
    EXPECT_LT(outer, inner);
    EXPECT_THAT(page.body.substr(outer, inner - outer), HasSubstr("<ol>"));
    EXPECT_EQ(location_of(guest().get("/comments/2")), "/posts/1/one#comment-2");
    EXPECT_EQ(guest().get("/comments/2").status, 302U);
    EXPECT_EQ(guest().get("/comments/3").status, 404U);
    EXPECT_EQ(guest().get("/posts/1/one?page=2").status, 404U);
    EXPECT_THAT(guest().get("/").body, HasSubstr("<b>2</b> comments")) << "the list is invalidated as well";
}

TEST_P(pages_in, a_permalink_leads_to_its_page_among_many)
{
    write("title=Many&body=text");
    for (int i = 0; i < 45; ++i) comment_on("1", "body=thread+" + std::to_string(i));
    comment_on("1", "body=late+reply&parent_id=21");
    EXPECT_EQ(location_of(guest().get("/comments/20")), "/posts/1/many#comment-20");
    EXPECT_EQ(location_of(guest().get("/comments/21")), "/posts/1/many?page=2#comment-21");
    EXPECT_EQ(location_of(guest().get("/comments/46")), "/posts/1/many?page=2#comment-46") << "with its thread";
    EXPECT_THAT(guest().get("/posts/1/many?page=2").body, HasSubstr("late reply"));
    EXPECT_THAT(guest().get("/posts/1/many?page=3").body, AllOf(HasSubstr("thread 44"), HasSubstr("Page 3 of 3")));
}

TEST_P(pages_in, the_page_is_made_for_guests_and_members_get_their_tools)
{
    write("title=One&body=text");
    const auto as_guest = guest().get("/posts/1/one").body;
    EXPECT_EQ(as(ann_).get("/posts/1/one").body, as_guest) << "the stored page is the same for all";
    EXPECT_THAT(as_guest, Not(HasSubstr("/posts/1/edit")));
    const auto kept = as(ann_).get("/posts/1/one");
    ASSERT_NE(kept.stored, nullptr);
    ASSERT_NE(kept.stored->page(), nullptr);
    const auto view = parts().site.view();
    http::request r;
    r.caller.user_id = ann_;
    r.caller.role = http::role::user;
    std::string tools;
    for (const auto& s : kept.stored->page()->slots) {
        if (s.owner != ann_) continue;
        view.fill(tools, s, r);
        EXPECT_THAT(tools, HasSubstr("/posts/1/edit"));
        r.caller.user_id = ben_;
        view.fill(tools, s, r);
        EXPECT_EQ(tools, "");
        r.caller.role = http::role::moderator;
        view.fill(tools, s, r);
        EXPECT_THAT(tools, HasSubstr("as moderator"));
    }
    EXPECT_FALSE(tools.empty());
}

TEST_P(pages_in, one_form_submitted_twice_is_one)
{
    write("title=Twice&body=text");
    EXPECT_EQ(location_of(as(ann_).form("/posts", "title=Twice&body=text")), "/posts/1/twice");
    EXPECT_EQ(location_of(as(ben_).form("/posts", "title=Twice&body=text")), "/posts/2/twice") << "another member";
    comment_on("1", "body=hello");
    EXPECT_EQ(location_of(as(ben_).form("/posts/1/comments", "body=hello")), "/posts/1/twice#comment-1");
    EXPECT_EQ(location_of(as(ben_).form("/posts/2/comments", "body=hello")), "/posts/2/twice#comment-2");
    EXPECT_EQ(location_of(as(ben_).form("/posts/1/comments", "body=hello&parent_id=1")), "/posts/1/twice#comment-3");
    clock_.advance(std::chrono::minutes{2});
    EXPECT_EQ(location_of(as(ben_).form("/posts/1/comments", "body=hello")), "/posts/1/twice#comment-4");
    EXPECT_EQ(number("SELECT posts FROM users WHERE id = $1", ann_), 1);
}

TEST_P(pages_in, a_refused_form_is_shown_again_with_what_was_typed)
{
    const auto refused = as(ann_).form("/posts", "title=&body=my+%3Clong%3E+text&tags=a_b");
    EXPECT_EQ(refused.status, 422U);
    EXPECT_THAT(refused.body, AllOf(HasSubstr("my &lt;long&gt; text"), HasSubstr(R"(id="title-e")"),
                                    HasSubstr(R"(id="tags-e")"), HasSubstr(R"(aria-invalid="true")")));
    write("title=One&body=text");
    EXPECT_EQ(as(ben_).form("/posts/1/comments", "body=").status, 422U);
    EXPECT_EQ(as(ben_).form("/posts/9/comments", "body=x").status, 404U);
}

TEST_P(pages_in, a_guest_s_form_is_kept_through_the_sign_in)
{
    write("title=One&body=text");
    const auto asked = guest().form("/posts/1/comments", "body=typed+%22words%22&parent_id=&password=secret");
    EXPECT_EQ(asked.status, 401U);
    EXPECT_THAT(asked.body, AllOf(HasSubstr(R"(name="form" value="/posts/1/comments")"),
                                  HasSubstr("typed &quot;words&quot;"), HasSubstr(R"(action="/sign-in")")));
    EXPECT_THAT(asked.body, Not(HasSubstr("secret")));
    EXPECT_EQ(guest().get("/write").status, 401U);
}

TEST_P(pages_in, an_edit_of_an_old_version_shows_the_form_again)
{
    write("title=One&body=text");
    EXPECT_THAT(as(ann_).get("/posts/1/edit").body, HasSubstr(R"(name="version" value="1")"));
    EXPECT_EQ(location_of(as(ann_).form("/posts/1/edit", "version=1&title=Two&body=changed")), "/posts/1/two");
    const auto stale = as(ann_).form("/posts/1/edit", "version=1&title=Three&body=mine");
    EXPECT_EQ(stale.status, 409U);
    EXPECT_THAT(stale.body, AllOf(HasSubstr(">\nmine<"), HasSubstr(R"(name="version" value="2")")));
    EXPECT_EQ(as(ann_).form("/posts/1/edit", "version=2&title=Three&body=mine").status, 303U);
    EXPECT_EQ(as(ben_).get("/posts/1/edit").status, 403U);
    EXPECT_EQ(as(ben_).form("/posts/1/edit", "version=3&title=x&body=y").status, 403U);
    EXPECT_EQ(as(ben_, http::role::moderator).get("/posts/1/edit").status, 200U);
    comment_on("1", "body=old");
    EXPECT_EQ(as(ben_).form("/comments/1/edit", "version=1&body=new").status, 303U);
    EXPECT_EQ(as(ben_).form("/comments/1/edit", "version=1&body=newer").status, 409U);
    EXPECT_EQ(as(ann_).get("/comments/1/edit").status, 403U);
}

TEST_P(pages_in, what_was_deleted_is_gone)
{
    write("title=One&body=text");
    comment_on("1", "body=hello");
    comment_on("1", "body=answer&parent_id=1");
    EXPECT_EQ(as(ben_).form("/comments/1/delete", "x=").status, 303U);
    EXPECT_THAT(guest().get("/posts/1/one").body,
                AllOf(HasSubstr("Deleted comment"), HasSubstr("answer"), Not(HasSubstr("hello"))));
    EXPECT_EQ(as(ben_).get("/posts/1/delete").status, 403U);
    EXPECT_THAT(as(ann_).get("/posts/1/delete").body, HasSubstr("Delete this post?"));
    EXPECT_EQ(as(ann_).form("/posts/1/delete", "x=").status, 303U);
    const auto gone = guest().get("/posts/1/one");
    EXPECT_EQ(gone.status, 410U);
    EXPECT_THAT(gone.body, HasSubstr("This was deleted"));
    EXPECT_EQ(guest().get("/posts/2/none").status, 404U);
    EXPECT_THAT(guest().get("/").body, HasSubstr("Nobody has written yet"));
}

TEST_P(pages_in, an_address_that_only_takes_posts_leads_to_its_form)
{
    EXPECT_EQ(location_of(guest().get("/posts")), "/write");
    EXPECT_EQ(location_of(guest().get("/posts/1/comments")), "/posts/1");
}

}  // namespace
}  // namespace agora::comments
