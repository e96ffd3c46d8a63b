// SPDX-License-Identifier: MIT
// Reads the arguments of handlers and key functions from a request. Included at the end of router.hpp, which documents
// the use. Start with member_invoker, which calls a handler: arguments<Args...> reads all of its arguments with one
// argument<...> specialization per kind of parameter, and stops at the first failure, which becomes a problem response.
#pragma once

#include <agora/http/client_info.hpp>
#include <agora/http/router.hpp>
#include <charconv>
#include <optional>
#include <tuple>

namespace agora::http::detail {

/// Turns the error of the JSON reader into a failure.
failure to_failure(const larder::json::read_failure& f);

/// Texts in a body must not contain NUL, because PostgreSQL cannot store it.
inline constexpr larder::json::read_limits body_limits{.nul = false};

/// The failure of a path parameter that cannot be decoded.
failure bad_escape();

/// The response to a synchronous call of a handler that suspends.
response not_immediate(const request& r);

/// nullopt: Content-Type is application/json; otherwise the failure.
std::optional<failure> check_json_type(const request& r);

/// nullopt: the request is a well-formed HTML form without files; otherwise the failure.
std::optional<failure> check_form(const request& r);

/// The value of a field of the form in the body; nullopt when there is none. Requires: check_form() has accepted it.
std::optional<std::string> form_field(const request& r, std::string_view name);

/// Which path parameter is read next.
struct read_position {
    std::size_t path_param = 0;
};

template <class A>
struct argument;  // one specialization per kind of parameter

template <>
struct argument<request> {
    using stored = const request*;
    static std::optional<failure> read(const request& r, read_position&, std::optional<stored>& out)
    {
        out = &r;
        return std::nullopt;
    }
    static const request& get(const stored& s) { return *s; }
    static void describe(operation&) {}
};

/// Requires: the request was admitted. Requests of warming and of loads are marked as admitted when they are made.
template <caller C>
struct argument<C> {
    using stored = C;
    static std::optional<failure> read(const request& r, read_position&, std::optional<stored>& out)
    {
        assert(r.admitted.known && r.caller.role >= C::least);
        out.emplace(r.caller);
        return std::nullopt;
    }
    static const stored& get(const stored& s) { return s; }
    static void describe(operation& o)
    {
        o.least_role = C::least;
        o.knows_members = std::is_same_v<C, guest_or_member>;
    }
};

template <>
struct argument<client_info> {
    using stored = client_info;
    static std::optional<failure> read(const request& r, read_position&, std::optional<stored>& out)
    {
        out.emplace(r);
        return std::nullopt;
    }
    static const stored& get(const stored& s) { return s; }
    static void describe(operation&) {}
};

template <>
struct argument<if_match> {
    using stored = if_match;
    static std::optional<failure> read(const request& r, read_position&, std::optional<stored>& out)
    {
        out = if_match::of(r);
        return std::nullopt;
    }
    static const stored& get(const stored& s) { return s; }
    static void describe(operation&) {}
};

template <class T>
struct argument<path<T>> {
    using stored = path<T>;
    static std::optional<failure> read(const request& r, read_position& at, std::optional<stored>& out)
    {
        const auto text = r.path_param(at.path_param++);
        if constexpr (std::is_integral_v<T>) {
            T v{};
            const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), v);
            // The router matches only digits, so this is a number that is too large to be an id.
            if (ec != std::errc{} || end != text.data() + text.size()) return failure::not_found("this");
            out.emplace(v);
        } else {
            auto decoded = percent_decode(text, false);
            if (!decoded) return bad_escape();
            out.emplace(*std::move(decoded));
        }
        return std::nullopt;
    }
    static const stored& get(const stored& s) { return s; }
    static void describe(operation& o) { o.path_param_is_integer.push_back(std::is_integral_v<T>); }
};

template <class T>
struct argument<query<T>> {
    using stored = query<T>;
    using members = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

    static std::optional<failure> read(const request& r, read_position&, std::optional<stored>& out)
    {
        T values{};
        std::vector<field_error> errors;
        if (!r.query.empty()) {
            boost::mp11::mp_for_each<members>([&](auto m) {
                using member = std::remove_reference_t<decltype(values.*m.pointer)>;
                const auto text = r.query_param(m.name);
                if (!text) return;
                auto value = larder::json::from_text<member>(*text);
                if (value) {
                    values.*m.pointer = *std::move(value);
                } else {
                    errors.emplace_back(m.name, field_codes::wrong_type, "the value is not of this parameter's type");
                }
            });
        }
        if (!errors.empty()) return failure::invalid(std::move(errors));
        out.emplace(std::move(values));
        return std::nullopt;
    }
    static const stored& get(const stored& s) { return s; }
    static void describe(operation& o)
    {
        const auto& all = larder::json::schema_of<T>()->members;
        o.query_params.insert(o.query_params.end(), all.begin(), all.end());
    }
};

template <class T>
struct argument<body<T>> {
    using stored = body<T>;
    static constexpr bool optional_body = boost::mp11::mp_similar<T, std::optional<int>>::value;
    static std::optional<failure> read(const request& r, read_position&, std::optional<stored>& out)
    {
        if constexpr (optional_body) {
            if (r.body.empty()) {
                out.emplace(T{});
                return std::nullopt;
            }
        }
        if (auto wrong = check_json_type(r)) return wrong;
        auto value = larder::json::read<T>(r.body, body_limits);
        if (!value) return to_failure(value.error());
        out.emplace(*std::move(value));
        return std::nullopt;
    }
    static const stored& get(const stored& s) { return s; }
    static void describe(operation& o)
    {
        o.body_schema = larder::json::schema_of<T>();
        o.body_required = !optional_body;
    }
};

template <class T>
struct argument<form<T>> {
    using stored = form<T>;
    using members = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

    static std::optional<failure> read(const request& r, read_position&, std::optional<stored>& out)
    {
        if (auto wrong = check_form(r)) return wrong;
        T values{};
        std::vector<field_error> errors;
        boost::mp11::mp_for_each<members>([&](auto m) {
            auto& value = values.*m.pointer;
            using member = std::remove_reference_t<decltype(value)>;
            auto text = form_field(r, m.name);
            if (!text) return;
            if constexpr (std::is_same_v<member, std::string> || std::is_same_v<member, std::optional<std::string>>) {
                value = *std::move(text);
            } else if constexpr (std::is_same_v<member, bool>) {
                value = !text->empty();  // browsers send only the checkboxes that are checked
            } else {
                if (text->empty()) return;
                auto number = larder::json::from_text<member>(*text);
                if (number)
                    value = *number;
                else
                    errors.emplace_back(m.name, field_codes::wrong_type, "must be a number");
            }
        });
        if (!errors.empty()) return failure::invalid(std::move(errors));
        out.emplace(std::move(values));
        return std::nullopt;
    }
    static const stored& get(const stored& s) { return s; }
    static void describe(operation&) {}
};

template <class A>
using argument_of = argument<std::remove_cvref_t<A>>;

/// All arguments of one call. They live in the invoker's frame while the handler runs, or in a bound_call.
template <class... Args>
class arguments {
 public:
    /// Whether the arguments say only what may be part of a key. The load of a cached response may outlive its request,
    /// and its result is served to other clients.
    static constexpr bool may_be_cached = (!(std::is_same_v<std::remove_cvref_t<Args>, request> ||
                                             std::is_same_v<std::remove_cvref_t<Args>, client_info>) &&
                                           ...);

    std::optional<failure> read(const request& r) { return read(r, std::index_sequence_for<Args...>{}); }

    template <class R, class Api>
    R call(R (Api::*handler)(Args...), Api& self) const
    {
        return apply([&](const auto&... values) { return (self.*handler)(values...); });
    }
    template <class F>
    auto apply(F&& f) const
    {
        return std::apply([&](const auto&... stored) { return f(argument_of<Args>::get(*stored)...); }, values_);
    }

 private:
    template <std::size_t... I>
    std::optional<failure> read(const request& r, std::index_sequence<I...>)
    {
        read_position at;
        std::optional<failure> why;
        static_cast<void>(((why = argument_of<Args>::read(r, at, std::get<I>(values_)), !why) && ...));
        return why;
    }

    std::tuple<std::optional<typename argument_of<Args>::stored>...> values_;
};

template <class R>
struct result_of_handler {
    using type = R;
    static constexpr bool suspends = false;
};
template <class T>
struct result_of_handler<asio::awaitable<T>> {
    using type = T;
    static constexpr bool suspends = true;
};

/// True when guests may call a handler with these parameters.
template <class... Args>
constexpr bool guests_may_call()
{
    bool all = true;
    const auto check_parameter = [&]<class A>(std::type_identity<A>) {
        if constexpr (caller<A>) all = A::least == role::guest;
    };
    (check_parameter(std::type_identity<std::remove_cvref_t<Args>>{}), ...);
    return all;
}

/// A handler, the object it is a member of, and the view that shows what it returns.
template <class View, class R, class Api, class... Args>
class mounted {
 public:
    using result = typename result_of_handler<R>::type;
    static constexpr bool suspends = result_of_handler<R>::suspends;

    mounted(R (Api::*handler)(Args...), Api& self, const View& shown_by)
        : handler_{handler}, self_{self}, shown_by_{shown_by}
    {}
    R call(const arguments<Args...>& args) const { return args.call(handler_, self_); }
    response respond(const request& r, result returned) const
    {
        if constexpr (std::is_same_v<result, response>) {
            return returned;
        } else {
            const answer_context<View> to{r, shown_by_, guests_may_call<Args...>()};
            return detail::respond(to, returned);
        }
    }

 private:
    R (Api::*handler_)(Args...);
    Api& self_;
    const View& shown_by_;
};

/// Documents what a handler returns by its type. Other views than JSON show a text.
template <class View, class T>
void describe_result(operation& o)
{
    if constexpr (!std::is_same_v<T, response>) {
        using a = answer<typename T::value_type>;
        const larder::json::schema_node* schema = nullptr;
        if constexpr (!std::is_same_v<View, json_view>) {
            schema = larder::json::schema_of<std::string>();
        } else if constexpr (!std::is_void_v<typename a::schema>) {
            schema = larder::json::schema_of<typename a::schema>();
        }
        o.answers.emplace_back(a::status, schema);
        o.conditional = a::status == 200;
    }
}

template <class View, class R, class Api, class... Args>
class member_invoker final : public invoker {
 public:
    using mounted_type = mounted<View, R, Api, Args...>;
    static constexpr bool suspends = mounted_type::suspends;

    explicit member_invoker(const mounted_type& handler) : handler_{handler} {}

    bool immediate() const noexcept override { return !suspends; }

    response sync(const request& r) override
    {
        if constexpr (suspends) {
            return not_immediate(r);
        } else {
            arguments<Args...> args;
            if (auto why = args.read(r)) return problem(r, *why);
            return handler_.respond(r, handler_.call(args));
        }
    }

    asio::awaitable<response> async(const request& r) override
    {
        if constexpr (suspends) {
            arguments<Args...> args;
            if (auto why = args.read(r)) co_return problem(r, *why);
            auto result = co_await handler_.call(args);
            co_return handler_.respond(r, std::move(result));
        } else {
            co_return sync(r);
        }
    }

 private:
    const mounted_type handler_;
};

/// A handler with arguments of its own, for a load that may outlive the request that caused it.
template <class View, class R, class Api, class... Args>
class bound_handler final : public bound_call {
 public:
    using mounted_type = mounted<View, R, Api, Args...>;

    bound_handler(const mounted_type& handler, arguments<Args...> args) : handler_{handler}, args_{std::move(args)} {}
    asio::awaitable<response> run(const request& r) const override
    {
        if constexpr (mounted_type::suspends) {
            auto result = co_await handler_.call(args_);
            co_return handler_.respond(r, std::move(result));
        } else {
            co_return handler_.respond(r, handler_.call(args_));
        }
    }

 private:
    const mounted_type handler_;
    const arguments<Args...> args_;
};

/// The type of the keys that a key function returns for these arguments.
template <class KeyOf, class... Args>
using key_of_arguments = typename std::invoke_result_t<const KeyOf&, const std::remove_cvref_t<Args>&...>::value_type;

/// Makes the key and the load of a request from one reading of its arguments.
template <class KeyOf, class View, class R, class Api, class... Args>
class typed_response_cache final : public response_cache_of<typename key_of_arguments<KeyOf, Args...>::value_type> {
 public:
    using stored = typename key_of_arguments<KeyOf, Args...>::value_type;
    static_assert(arguments<Args...>::may_be_cached, "a cached handler takes a caller instead of the request");
    using mounted_type = mounted<View, R, Api, Args...>;

    typed_response_cache(larder::cache& c, KeyOf key_of, const mounted_type& handler)
        : response_cache_of<stored>{c}, key_of_{std::move(key_of)}, handler_{handler}
    {}

 private:
    std::optional<larder::key<stored>> typed_key(const request& r) const override
    {
        arguments<Args...> args;
        if (args.read(r)) return std::nullopt;  // the handler will respond with the problem
        return args.apply(key_of_);
    }
    std::optional<keyed_call<stored>> bind(const request& r) const override
    {
        arguments<Args...> args;
        if (args.read(r)) return std::nullopt;
        auto key = args.apply(key_of_);
        if (!key) return std::nullopt;
        return keyed_call<stored>{*std::move(key),
                                  std::make_shared<bound_handler<View, R, Api, Args...>>(handler_, std::move(args))};
    }

    const KeyOf key_of_;
    const mounted_type handler_;
};

}  // namespace agora::http::detail

namespace agora::http {

template <class View, class R, class Api, class... Args>
template <class KeyOf>
route& get_route<View, R, Api, Args...>::cached(larder::cache& c, KeyOf key_of)
{
    if constexpr (requires { key_of.declare(c); }) key_of.declare(c);
    using cache_type = detail::typed_response_cache<KeyOf, View, R, Api, Args...>;
    cache = std::make_unique<cache_type>(c, std::move(key_of), handler_);
    return *this;
}

template <class View, class R, class Api, class... Args>
get_route<View, R, Api, Args...>& router::page(std::string pattern, R (Api::*handler)(Args...), Api& self,
                                               View shown_by)
{
    using shown_handler = detail::mounted<View, R, Api, Args...>;
    if constexpr (!std::is_same_v<typename shown_handler::result, response>)
        static_assert(detail::answer<typename shown_handler::result::value_type>::status == 200,
                      "a page shows a value");
    auto owned = std::make_unique<const View>(std::move(shown_by));
    const View& in = *owned;
    auto& added = add_get(std::move(pattern), shown_handler{handler, self, in});
    added.show_by(std::move(owned));
    return added;
}

template <class View, class R, class Api, class... Args>
route& router::form(std::string pattern, R (Api::*handler)(Args...), Api& self, View shown_by)
{
    auto owned = std::make_unique<const View>(std::move(shown_by));
    const View& in = *owned;
    auto& added =
        add_handler(verb::post, std::move(pattern), detail::mounted<View, R, Api, Args...>{handler, self, in});
    added.show_by(std::move(owned));
    return added;
}

template <class View, class R, class Api, class... Args>
get_route<View, R, Api, Args...>& router::add_get(std::string pattern,
                                                  const detail::mounted<View, R, Api, Args...>& handler)
{
    auto made = std::make_unique<get_route<View, R, Api, Args...>>(handler);
    auto& added = *made;
    add_handler(verb::get, std::move(pattern), handler, std::move(made));
    return added;
}

template <class View, class R, class Api, class... Args>
route& router::add_handler(verb method, std::string pattern, const detail::mounted<View, R, Api, Args...>& handler,
                           std::unique_ptr<route> made)
{
    static_assert((0 + ... + int{caller<std::remove_cvref_t<Args>>}) == 1, "one parameter says who may call");
    (detail::argument_of<Args>::describe(made->doc), ...);
    detail::describe_result<View, typename detail::result_of_handler<R>::type>(made->doc);
    made->doc.conditional = made->doc.conditional && method == verb::get && detail::guests_may_call<Args...>();
    made->method = method;
    made->pattern = std::move(pattern);
    made->handler = std::make_unique<detail::member_invoker<View, R, Api, Args...>>(handler);
    return add(std::move(made));
}

}  // namespace agora::http
