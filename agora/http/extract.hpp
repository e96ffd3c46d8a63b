// SPDX-License-Identifier: MIT
// Reads the arguments of handlers and key functions from a request. Included at the end of router.hpp, which documents
// the use. Start with member_invoker, which calls a handler: arguments<Args...> reads all of its arguments with one
// argument<...> specialization per kind of parameter, and stops at the first failure, which becomes a problem response.
#pragma once

#include <agora/http/router.hpp>
#include <charconv>
#include <optional>
#include <tuple>

namespace agora::http::detail {

/// Turns the error of the JSON reader into a failure.
failure to_failure(const larder::json::read_failure& f);

/// Texts in a body must not contain NUL, because PostgreSQL cannot store it.
inline constexpr larder::json::read_limits body_limits{.nul = false};

/// nullopt: Content-Type is application/json; otherwise the failure.
std::optional<failure> check_json_type(const request& r);

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
            if (!decoded)
                return failure{failure_kind::malformed, "bad_escape", "the path has a malformed percent escape"};
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
                const auto text = r.query_param(m.name);
                if (text && !larder::json::from_text(*text, values.*m.pointer)) {
                    errors.emplace_back(m.name, "wrong_type", "the value is not of this parameter's type");
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
        boost::mp11::mp_for_each<members>([&](auto m) {
            using member = std::remove_reference_t<decltype(std::declval<T&>().*m.pointer)>;
            o.query_params.emplace_back(m.name, larder::json::schema_of<member>());
        });
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

template <class A>
using argument_of = argument<std::remove_cvref_t<A>>;

/// All arguments of one call. They live in the invoker's frame while the handler runs.
template <class... Args>
class arguments {
 public:
    std::optional<failure> read(const request& r) { return read(r, std::index_sequence_for<Args...>{}); }

    template <class R, class Api>
    R call(R (Api::*handler)(Args...), Api& self)
    {
        return call(handler, self, std::index_sequence_for<Args...>{});
    }
    template <class R>
    R call(R (*f)(Args...))
    {
        return std::apply([f](const auto&... stored) { return f(argument_of<Args>::get(*stored)...); }, values_);
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
    template <class R, class Api, std::size_t... I>
    R call(R (Api::*handler)(Args...), Api& self, std::index_sequence<I...>)
    {
        return (self.*handler)(argument_of<Args>::get(*std::get<I>(values_))...);
    }

    std::tuple<std::optional<typename argument_of<Args>::stored>...> values_;
};

template <class R, class Api, class... Args>
class member_invoker final : public invoker {
 public:
    static constexpr bool answers_at_once = std::is_same_v<R, response>;
    static_assert(answers_at_once || std::is_same_v<R, asio::awaitable<response>>);

    member_invoker(R (Api::*handler)(Args...), Api& self) : handler_{handler}, self_{self} {}

    bool immediate() const noexcept override { return answers_at_once; }

    response now(const request& r) override
    {
        if constexpr (answers_at_once) {
            arguments<Args...> args;
            if (auto why = args.read(r)) return problem(r, *why);
            return args.call(handler_, self_);
        } else {
            return problem(r, 500, "internal", "not an immediate handler");
        }
    }

    asio::awaitable<response> later(const request& r) override
    {
        if constexpr (answers_at_once) {
            co_return now(r);
        } else {
            arguments<Args...> args;
            if (auto why = args.read(r)) co_return problem(r, *why);
            co_return co_await args.call(handler_, self_);
        }
    }

 private:
    R (Api::*handler_)(Args...);
    Api& self_;
};

/// Calls a key function with arguments that are read from the request.
template <class... Args>
class typed_response_cache final : public response_cache {
 public:
    typed_response_cache(larder::cache& c, std::optional<response_key> (*f)(Args...)) : response_cache{c}, key_of_{f} {}
    std::optional<response_key> key_of(const request& r) const override
    {
        arguments<Args...> args;
        if (args.read(r)) return std::nullopt;  // the handler will respond with the problem
        return args.call(key_of_);
    }

 private:
    std::optional<response_key> (*key_of_)(Args...);
};

}  // namespace agora::http::detail

namespace agora::http {

template <class... Args>
route& route::cached(larder::cache& c, std::optional<response_key> (*key_of)(Args...))
{
    cache = std::make_unique<detail::typed_response_cache<Args...>>(c, key_of);
    return *this;
}

template <class R, class Api, class... Args>
route& router::add_handler(verb method, std::string pattern, R (Api::*handler)(Args...), Api& self)
{
    operation doc;
    (detail::argument_of<Args>::describe(doc), ...);
    return add(method, std::move(pattern), std::move(doc),
               std::make_unique<detail::member_invoker<R, Api, Args...>>(handler, self));
}

}  // namespace agora::http
