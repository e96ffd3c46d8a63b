// SPDX-License-Identifier: MIT
// The route table. The same table dispatches requests and generates the OpenAPI document, so the two cannot differ.
//
//     routes.get("/api/posts/{id}", &slice::find, *this)
//         .named("get_post", "One post")
//         .path_params("The id of the post.")
//         .fails(problems::not_found);
//     awaitable<outcome<post>> slice::find(anyone, const path<std::int64_t>& id);
//
// A handler's parameters declare who may call it (caller.hpp) and what it reads: `path<T>` (in the order of the
// pattern), `query<Struct>`, `body<Struct>`, `if_match`, `client_info`, or the whole `const request&`. Each is read and
// validated before the handler runs; a failure becomes a problem response. It returns what answers.hpp lists, or a
// `response`, or an awaitable of either; without an awaitable it runs synchronously on the loop. page() mounts a
// handler with another view than JSON (view.hpp). Static segments take precedence over parameters; an `{id}` whose
// handler takes an integer matches only digits. The table is built at start and then read-only: all loops look up
// routes in it without a lock or an allocation.
#pragma once

#include <agora/http/answers.hpp>
#include <agora/http/parameters.hpp>
#include <agora/http/problem.hpp>
#include <agora/http/request.hpp>
#include <agora/http/response.hpp>
#include <agora/http/response_cache.hpp>
#include <agora/http/view.hpp>
#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/describe.hpp>
#include <boost/mp11.hpp>
#include <functional>
#include <larder/json.hpp>
#include <larder/limit.hpp>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

namespace agora::http {

namespace asio = boost::asio;

namespace detail {
template <class View, class R, class Api, class... Args>
class mounted;
}  // namespace detail

/// What the documentation says about one route: the OpenAPI document, and the page made from the same facts.
class operation {
 public:
    std::string id;  ///< a name for generated clients, such as "list_posts"; empty: made from method and pattern
    std::string summary;
    std::string meaning;  ///< whole sentences; `code` in backticks
    std::string tag;
    bool listed = true;
    std::vector<larder::json::schema_member> query_params;
    std::vector<bool> path_param_is_integer;
    std::vector<std::string> path_param_meanings;  ///< in the order of the pattern
    const larder::json::schema_node* body_schema = nullptr;
    bool body_required = true;
    std::vector<std::pair<unsigned, const larder::json::schema_node*>> answers;  ///< without problems
    std::vector<const problem_code*> problems;                                   ///< those that only this route has
    std::string_view answer_type = "application/json";
    role least_role = role::guest;  ///< as the handler's caller parameter declares it
    bool knows_members = false;     ///< guests may call, and members get something else
    bool conditional = false;       ///< the answer has an ETag, and If-None-Match is understood
};

/// The problems that several routes share: addresses of problem_code constants.
template <std::size_t N>
using problem_list = std::array<const problem_code*, N>;

/// What a rate limit counts requests by.
enum class limited_by : std::uint8_t {
    address,  ///< the client's network, see client_network()
    user,     ///< the member, at whatever address; a guest's network; moderators and admins are not limited
    key,      ///< the API key; requests without one are not limited
};

struct route_limit {
    larder::rate_limit* limit;
    limited_by by;
};

/// Runs a handler for one request.
class invoker {
 public:
    virtual ~invoker() = default;
    /// True when sync() may be called; otherwise await async().
    virtual bool immediate() const noexcept = 0;
    /// Runs the handler synchronously. Requires: immediate().
    virtual response sync(const request& r) = 0;
    /// Runs the handler, whether it suspends or not.
    virtual asio::awaitable<response> async(const request& r) = 0;
};

/// One route: its pattern, handler and rules. The member functions set the rules and return the route.
class route {
 public:
    virtual ~route() = default;

    /// The name that generated clients give to the operation, and its title in a few words.
    route& named(std::string id, std::string title)
    {
        doc.id = std::move(id);
        return summary(std::move(title));
    }
    route& summary(std::string text)
    {
        doc.summary = std::move(text);
        return *this;
    }
    /// What the operation does beyond its summary, in whole sentences. Access, limits and errors are added from the
    /// other rules of the route.
    route& describe(std::string text)
    {
        doc.meaning = std::move(text);
        return *this;
    }
    /// What the path parameters mean, in the order of the pattern.
    template <class... Texts>
    route& path_params(Texts... texts)
    {
        (doc.path_param_meanings.emplace_back(texts), ...);
        return *this;
    }
    /// Leaves the route out of the documentation, which is about the API for programs.
    route& undocumented()
    {
        doc.listed = false;
        return *this;
    }
    route& tagged(std::string name)
    {
        doc.tag = std::move(name);
        return *this;
    }
    template <class T>
    route& returns(unsigned status)
    {
        doc.answers.emplace_back(status, larder::json::schema_of<T>());
        return *this;
    }
    route& returns(unsigned status)
    {
        doc.answers.emplace_back(status, nullptr);
        return *this;
    }
    /// Documents the problems that the handler itself returns: problem_code constants, or lists of them. Those of
    /// admission, of reading the arguments and of the limits are added from the other rules of the route.
    template <class... Problems>
    route& fails(const Problems&... problems)
    {
        (add_problems(problems), ...);
        return *this;
    }
    /// Makes this the view of the route's values and problems.
    void show_by(std::unique_ptr<const view> v)
    {
        const auto type = v->content_type();
        doc.answer_type = type.substr(0, type.find(';'));
        shown_by = v.get();
        for_browsers = v->is_for_browsers();
        own_view = std::move(v);
    }
    route& returns_text(unsigned status)
    {
        doc.answer_type = "text/plain";
        return returns<std::string>(status);
    }
    route& body_limit(std::size_t bytes)
    {
        max_body = bytes;
        return *this;
    }
    /// Ignores session cookies, so no CSRF token is required. For signing in, registering, and requests that are
    /// authorized by a token in the body.
    route& without_cookies()
    {
        ignores_cookies = true;
        return *this;
    }
    /// The responses contain secrets and are shown once: they are not stored under an Idempotency-Key.
    route& shown_once()
    {
        returns_secrets = true;
        return *this;
    }
    /// Adds a rate limit: 429 above it. Limits are checked in the order in which they are added.
    route& limit(larder::rate_limit& l, limited_by by)
    {
        limits.push_back({&l, by});
        return *this;
    }

    /// For cached routes: `most_popular` returns up to `most` targets of this route, the most popular first, for
    /// warm().
    template <class Api>
    route& warmed(asio::awaitable<std::vector<std::string>> (Api::*most_popular)(std::size_t most), Api& self)
    {
        popular = [most_popular, &self](std::size_t most) { return (self.*most_popular)(most); };
        return *this;
    }

    std::size_t number = 0;  ///< index in router::routes()
    verb method;
    std::string pattern;
    operation doc;
    std::size_t max_body = 1024 * 1024;
    bool returns_secrets = false;  ///< set by shown_once()
    bool ignores_cookies = false;
    role least_role = role::guest;
    std::vector<route_limit> limits;
    const view* shown_by = &as_json;
    bool for_browsers = false;             ///< see view::is_for_browsers()
    std::unique_ptr<const view> own_view;  ///< null: shown as JSON
    std::unique_ptr<invoker> handler;
    std::unique_ptr<response_cache> cache;                                               ///< null: not cached
    std::function<asio::awaitable<std::vector<std::string>>(std::size_t most)> popular;  ///< empty: not warmed

 private:
    void add_problems(const problem_code& p) { doc.problems.push_back(&p); }
    template <std::size_t N>
    void add_problems(const problem_list<N>& all)
    {
        doc.problems.insert(doc.problems.end(), all.begin(), all.end());
    }
};

/// A GET route with the types of its handler's parameters, so that its cache keys are made of the same arguments. Call
/// cached() first, because the other functions return a route.
template <class View, class R, class Api, class... Args>
class get_route final : public route {
 public:
    explicit get_route(const detail::mounted<View, R, Api, Args...>& called) : handler_{called} {}

    /// Stores responses in the cache under key_of(arguments of the handler...); see response_cache.hpp.
    template <class KeyOf>
    route& cached(larder::cache& c, KeyOf key_of);

 private:
    const detail::mounted<View, R, Api, Args...> handler_;
};

/// The result of looking up a path.
struct match_result {
    const route* found = nullptr;  ///< null with allowed == 0: no such path; null with allowed != 0: method not allowed
    unsigned allowed = 0;          ///< one bit per verb that the path supports
};

class router {
 public:
    router();
    ~router();
    router(const router&) = delete;
    router& operator=(const router&) = delete;

    template <class R, class Api, class... Args>
    get_route<json_view, R, Api, Args...>& get(std::string pattern, R (Api::*handler)(Args...), Api& self)
    {
        return add_get(std::move(pattern), detail::mounted{handler, self, as_json});
    }
    /// A GET route that shows what the handler returns, and all problems, by this view.
    template <class View, class R, class Api, class... Args>
    get_route<View, R, Api, Args...>& page(std::string pattern, R (Api::*handler)(Args...), Api& self, View shown_by);
    /// A POST route for a form on a page of this view, which shows all problems. A guest's form for members is not
    /// refused by admission but answered by the view, so that what was typed is kept.
    template <class View, class R, class Api, class... Args>
    route& form(std::string pattern, R (Api::*handler)(Args...), Api& self, View shown_by);
    template <class R, class Api, class... Args>
    route& post(std::string pattern, R (Api::*handler)(Args...), Api& self)
    {
        return add_handler(verb::post, std::move(pattern), detail::mounted{handler, self, as_json});
    }
    template <class R, class Api, class... Args>
    route& put(std::string pattern, R (Api::*handler)(Args...), Api& self)
    {
        return add_handler(verb::put, std::move(pattern), detail::mounted{handler, self, as_json});
    }
    template <class R, class Api, class... Args>
    route& patch(std::string pattern, R (Api::*handler)(Args...), Api& self)
    {
        return add_handler(verb::patch, std::move(pattern), detail::mounted{handler, self, as_json});
    }
    template <class R, class Api, class... Args>
    route& del(std::string pattern, R (Api::*handler)(Args...), Api& self)
    {
        return add_handler(verb::del, std::move(pattern), detail::mounted{handler, self, as_json});
    }

    /// The section of the documentation that the routes belong to which are added from here on.
    void section(std::string name) { section_ = std::move(name); }
    /// Finds the route, and stores its path parameters and its view in `r`. HEAD finds the GET route.
    match_result match(request& r) const noexcept;
    const std::vector<std::unique_ptr<route>>& routes() const noexcept { return routes_; }

    /// The view of problems that no route has: of unknown paths, when the client prefers HTML. By default JSON.
    void show_unmatched_by(std::unique_ptr<const view> v) { for_browsers_ = std::move(v); }

    /// How exceptions of handlers become problems; see problem.hpp. By default only as outages and internal errors.
    void map_exceptions(exception_mapper known) noexcept { known_exceptions_ = known; }
    exception_mapper known_exceptions() const noexcept { return known_exceptions_; }

    /// Adds a rate limit to every route added so far that requires a role and is not a GET, that is, to all changes by
    /// members. It is checked after the route's own limits.
    void limit_changes(larder::rate_limit& l, limited_by by)
    {
        for (auto& r : routes_)
            if (r->least_role != role::guest && r->method != verb::get) r->limit(l, by);
    }

 private:
    struct node;
    route& add(std::unique_ptr<route> made);

    template <class View, class R, class Api, class... Args>
    get_route<View, R, Api, Args...>& add_get(std::string pattern,
                                              const detail::mounted<View, R, Api, Args...>& handler);
    template <class View, class R, class Api, class... Args>
    route& add_handler(verb method, std::string pattern, const detail::mounted<View, R, Api, Args...>& handler,
                       std::unique_ptr<route> made = std::make_unique<route>());

    std::string section_;
    std::unique_ptr<const view> for_browsers_;
    exception_mapper known_exceptions_ = nullptr;
    std::vector<std::unique_ptr<route>> routes_;
    std::unique_ptr<node> root_;
};

}  // namespace agora::http

#include <agora/http/extract.hpp>
