// SPDX-License-Identifier: MIT
// The route table: what dispatches requests is what writes the OpenAPI document, so the two cannot differ.
//
//     api.get("/api/posts/{id}", &posts_api::one, self).summary("One post").returns<post>(200);
//     awaitable<response> posts_api::one(const request&, const path<std::int64_t>&);
//
// A handler's parameters say what it reads: `const request&`, `path<T>` (in the pattern's order), `query<Struct>`,
// `body<Struct>`. Each is read and checked before the handler runs; a failure becomes a problem answer. A handler
// that returns `response` runs at once on the loop; one that returns `awaitable<response>` may suspend.
// Static segments win over parameters; a `{id}` whose handler wants an integer matches only digits.
// Built at start, then read-only: lookups from all loops, no lock, no allocation.
#pragma once

#include <agora/http/problem.hpp>
#include <agora/http/request.hpp>
#include <agora/http/response.hpp>
#include <agora/http/response_cache.hpp>
#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/describe.hpp>
#include <boost/mp11.hpp>
#include <deque>
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

/// A typed path parameter; `std::int64_t` or `std::string`.
template <class T>
class path {
 public:
    explicit path(T v) : value{std::move(v)} {}
    const T& operator*() const noexcept { return value; }
    T value;
};

/// The query string read into a described struct of optional or defaulted members; a value of the wrong type is
/// 422 with the parameter named, an unknown parameter is ignored (proxies add their own).
template <class T>
class query {
 public:
    explicit query(T v) : value{std::move(v)} {}
    const T* operator->() const noexcept { return &value; }
    const T& operator*() const noexcept { return value; }
    T value;
};

/// The JSON body, read strictly into a described struct (larder/json.hpp): 400 when it is not JSON, 415 when it is
/// not declared as JSON, 422 naming each field that is unknown, missing or of the wrong type. A std::optional struct is
/// empty when there is no body.
template <class T>
class body {
 public:
    explicit body(T v) : value{std::move(v)} {}
    const T* operator->() const noexcept { return &value; }
    const T& operator*() const noexcept { return value; }
    T value;
};

/// What one operation shows in the OpenAPI document.
class operation {
 public:
    std::string summary;
    std::string tag;
    std::vector<std::pair<std::string, const larder::json::schema_node*>> query_params;  ///< name, type
    std::vector<bool> path_param_is_integer;
    const larder::json::schema_node* body_schema = nullptr;
    bool body_required = true;
    std::vector<std::pair<unsigned, const larder::json::schema_node*>> answers;
    std::string_view answer_type = "application/json";
    bool needs_auth = false;
};

/// Whom a limit counts hits for.
enum class limited_by : std::uint8_t {
    address,
    user,  ///< wherever he is; of guests the address; moderators and admins are not counted
    key,   ///< each API key for itself; requests without one are not counted
};

struct route_limit {
    larder::rate_limit* limit;
    limited_by by;
};

/// Runs a handler for one request.
class invoker {
 public:
    virtual ~invoker() = default;
    /// True when the handler answers at once, by now(); otherwise later() is awaited.
    virtual bool immediate() const noexcept = 0;
    virtual response now(const request& r) = 0;
    virtual asio::awaitable<response> later(const request& r) = 0;
};

class route {
 public:
    route& summary(std::string text)
    {
        doc.summary = std::move(text);
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
    /// 401 for guests, 403 for those of a lower rank.
    route& needs(role least)
    {
        least_role = least;
        doc.needs_auth = true;
        return *this;
    }
    /// A session cookie gives no rights here, so no CSRF token is asked for: for signing in, registering, and what a
    /// token in the body proves.
    route& without_cookies()
    {
        ignores_cookies = true;
        return *this;
    }
    /// Its answers are shown once: an Idempotency-Key does not keep them.
    route& shown_once()
    {
        hands_out_secrets = true;
        return *this;
    }
    /// 429 when it is asked for more often. Limits count in the order in which they stand here.
    route& limit(larder::rate_limit& l, limited_by who)
    {
        limits.push_back({&l, who});
        const bool documented = std::ranges::any_of(doc.answers, [](const auto& a) { return a.first == 429; });
        return documented ? *this : returns(429);
    }

    /// GET: answers are kept in the cache under key_of(...), see response_cache.hpp.
    template <class... Args>
    route& cached(larder::cache& c, std::optional<response_key> (*key_of)(Args...));
    /// Cached: up to so many targets of this route, the most popular first, to be loaded by warm().
    template <class Api>
    route& warmed(asio::awaitable<std::vector<std::string>> (Api::*most_popular)(std::size_t most), Api& self)
    {
        popular = [most_popular, &self](std::size_t most) { return (self.*most_popular)(most); };
        return *this;
    }

    std::size_t number = 0;  ///< among the routes
    verb method;
    std::string pattern;
    operation doc;
    std::size_t max_body = 1024 * 1024;
    bool hands_out_secrets = false;  ///< its answers are never kept
    bool ignores_cookies = false;
    role least_role = role::guest;
    std::vector<route_limit> limits;
    std::unique_ptr<invoker> handler;
    std::unique_ptr<response_cache> cache;                                               ///< null: always the handler
    std::function<asio::awaitable<std::vector<std::string>>(std::size_t most)> popular;  ///< empty: nothing is warmed
};

/// What the router found for a path.
struct match_result {
    const route* found = nullptr;  ///< null with allowed == 0: no such path; with allowed != 0: method not allowed
    unsigned allowed = 0;          ///< bit per verb that this path knows
};

class router {
 public:
    router();
    ~router();
    router(const router&) = delete;
    router& operator=(const router&) = delete;

    template <class R, class Api, class... Args>
    route& get(std::string pattern, R (Api::*handler)(Args...), Api& self)
    {
        return add_handler(verb::get, std::move(pattern), handler, self);
    }
    template <class R, class Api, class... Args>
    route& post(std::string pattern, R (Api::*handler)(Args...), Api& self)
    {
        return add_handler(verb::post, std::move(pattern), handler, self);
    }
    template <class R, class Api, class... Args>
    route& put(std::string pattern, R (Api::*handler)(Args...), Api& self)
    {
        return add_handler(verb::put, std::move(pattern), handler, self);
    }
    template <class R, class Api, class... Args>
    route& patch(std::string pattern, R (Api::*handler)(Args...), Api& self)
    {
        return add_handler(verb::patch, std::move(pattern), handler, self);
    }
    template <class R, class Api, class... Args>
    route& del(std::string pattern, R (Api::*handler)(Args...), Api& self)
    {
        return add_handler(verb::del, std::move(pattern), handler, self);
    }

    /// Finds the route and stores its path parameters in `r`. HEAD finds the GET route.
    match_result match(request& r) const noexcept;
    const std::deque<route>& routes() const noexcept { return routes_; }

    /// A limit of all that is changed by those who are signed in: of every route so far that needs a role and is no
    /// GET. Counts after the route's own.
    void limit_changes(larder::rate_limit& l, limited_by who)
    {
        for (auto& r : routes_)
            if (r.least_role != role::guest && r.method != verb::get) r.limit(l, who);
    }

 private:
    struct node;
    route& add(verb method, std::string pattern, operation doc, std::unique_ptr<invoker> handler);

    template <class R, class Api, class... Args>
    route& add_handler(verb method, std::string pattern, R (Api::*handler)(Args...), Api& self);

    std::deque<route> routes_;
    std::unique_ptr<node> root_;
};

}  // namespace agora::http

#include <agora/http/extract.hpp>
