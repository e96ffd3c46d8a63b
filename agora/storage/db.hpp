// SPDX-License-Identifier: MIT
// The storage port: one SQL text for SQLite and PostgreSQL, with rows read into described structs. Features call
// database::all() and first() to read and outbox::write() (outbox.hpp) to change something; start at class database.
//
//     BOOST_DESCRIBE_STRUCT(user_row, (), (id, username))
//     auto users = co_await db.all<user_row>("SELECT id, username FROM users WHERE id > $1", 7);
//     auto id = co_await db.write([&](session& s) -> asio::awaitable<outcome<std::int64_t>> { ... });
//
// Parameters are $1, $2, ... Columns are matched to members by position, and their names are checked: a query that
// selects other columns than the struct has fails at once, with both names in the error.
// Thread-safe. Every call suspends. Infrastructure errors (a lost connection, a full disk, a constraint violation that
// the caller did not expect, a statement timeout) are thrown as storage::sql_error with their errc.
#pragma once

#include <agora/storage/error.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/describe.hpp>
#include <boost/mp11.hpp>
#include <cstdint>
#include <larder/clock.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace agora::storage {

namespace asio = boost::asio;

using value = std::variant<std::monostate, std::int64_t, double, std::string>;

/// The values bound to $1, $2, ... A class with a constructor, not an aggregate: see docs/decisions/0005-coroutines.md.
class params {
 public:
    template <class... Args>
    explicit params(const Args&... args)
    {
        values_.reserve(sizeof...(args));
        (values_.push_back(to_value(args)), ...);
    }
    void add(value v) { values_.push_back(std::move(v)); }
    const std::vector<value>& values() const noexcept { return values_; }

 private:
    template <class T>
    static value to_value(const T& v)
    {
        if constexpr (std::is_same_v<T, value>) {
            return v;
        } else if constexpr (std::is_same_v<T, larder::timestamp>) {
            return v.time_since_epoch().count();
        } else if constexpr (std::is_floating_point_v<T>) {
            return static_cast<double>(v);
        } else if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
            return static_cast<std::int64_t>(v);
        } else if constexpr (requires { v.has_value(); }) {
            return v ? to_value(*v) : value{};
        } else {
            return std::string{std::string_view{v}};
        }
    }
    std::vector<value> values_;
};

/// The current row, as the driver sees it. Views are valid until the next row.
class column_reader {
 public:
    virtual int count() const = 0;
    virtual std::string_view name(int i) const = 0;
    virtual bool is_null(int i) const = 0;
    virtual std::int64_t int64(int i) const = 0;
    virtual double real(int i) const = 0;
    virtual std::string_view text(int i) const = 0;

 protected:
    ~column_reader() = default;
};

/// Receives the rows of one statement, on the driver's thread, while the caller is suspended.
class row_sink {
 public:
    virtual void row(const column_reader& columns) = 0;

 protected:
    ~row_sink() = default;
};

template <class T>
void read_column(const column_reader& c, int i, T& out)
{
    if constexpr (std::is_same_v<T, larder::timestamp>) {
        out = larder::timestamp{std::chrono::milliseconds{c.int64(i)}};
    } else if constexpr (std::is_floating_point_v<T>) {
        out = c.real(i);
    } else if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
        out = static_cast<T>(c.int64(i));
    } else if constexpr (requires { out.has_value(); }) {
        if (c.is_null(i)) {
            out.reset();
        } else {
            read_column(c, i, out.emplace());
        }
    } else {
        out.assign(c.text(i));
    }
}

[[noreturn]] void throw_column_mismatch(std::string_view member, std::string_view column);

/// Throws sql_error unless the columns have the members' names, in the members' order.
template <class Members>
void check_names(const column_reader& c)
{
    int i = 0;
    boost::mp11::mp_for_each<Members>([&](auto m) {
        if (i >= c.count() || c.name(i) != m.name) throw_column_mismatch(m.name, i < c.count() ? c.name(i) : "");
        ++i;
    });
    if (i != c.count()) throw_column_mismatch("", c.name(i));
}

/// Reads a described struct, the members of its bases first, or a single value (`std::int64_t`, `std::string`, ...).
template <class Row>
void read_row(const column_reader& c, Row& out, bool first)
{
    if constexpr (boost::describe::has_describe_members<Row>::value) {
        using namespace boost::describe;
        using members = describe_members<Row, mod_public | mod_inherited>;
        if (first) check_names<members>(c);
        int i = 0;
        boost::mp11::mp_for_each<members>([&](auto m) { read_column(c, i++, out.*m.pointer); });
    } else {
        read_column(c, 0, out);
    }
}

template <class Row>
class vector_sink final : public row_sink {
 public:
    explicit vector_sink(std::vector<Row>& out) : out_{out} {}
    void row(const column_reader& c) override
    {
        const bool first = out_.empty();
        read_row(c, out_.emplace_back(), first);
    }

 private:
    std::vector<Row>& out_;
};

/// Keeps the first row only.
template <class Row>
class first_sink final : public row_sink {
 public:
    explicit first_sink(std::optional<Row>& out) : out_{out} {}
    void row(const column_reader& c) override
    {
        if (!out_) read_row(c, out_.emplace(), true);
    }

 private:
    std::optional<Row>& out_;
};

/// Runs statements: either directly on the database, each statement on its own, or inside one transaction.
class session {
 public:
    virtual ~session() = default;

    /// Returns every row. Requires: the SQL text lives until the call returns.
    template <class Row, class... Args>
    asio::awaitable<std::vector<Row>> all(std::string_view sql, Args... args)
    {
        std::vector<Row> rows;
        vector_sink<Row> sink{rows};
        params bound{args...};
        co_await run(sql, bound, &sink);
        co_return rows;
    }

    template <class Row, class... Args>
    asio::awaitable<std::optional<Row>> first(std::string_view sql, Args... args)
    {
        std::optional<Row> found;
        first_sink<Row> sink{found};
        params bound{args...};
        co_await run(sql, bound, &sink);
        co_return found;
    }

    /// Returns the number of rows that were inserted, changed or deleted.
    template <class... Args>
    asio::awaitable<std::int64_t> exec(std::string_view sql, Args... args)
    {
        params bound{args...};
        co_return co_await run(sql, bound, nullptr);
    }

    /// Like all(), for queries whose filters are known only at run time.
    template <class Row>
    asio::awaitable<std::vector<Row>> all_with(std::string_view sql, const params& bound)
    {
        std::vector<Row> rows;
        vector_sink<Row> sink{rows};
        co_await run(sql, bound, &sink);
        co_return rows;
    }

 protected:
    friend class database;
    /// Runs one prepared statement and returns the number of affected rows.
    virtual asio::awaitable<std::int64_t> run(std::string_view sql, const params& bound, row_sink* sink) = 0;
};

/// A piece of work whose thread the driver chooses (SQLite: a reader thread or the writer thread).
class unit_of_work {
 public:
    /// Returns true to commit.
    virtual asio::awaitable<bool> run(session& s) = 0;

 protected:
    ~unit_of_work() = default;
};

class database {
 public:
    virtual ~database() = default;

    /// Runs one statement outside a transaction; for reads only.
    template <class Row, class... Args>
    asio::awaitable<std::vector<Row>> all(std::string_view sql, Args... args)
    {
        co_return co_await read([&](session& s) { return s.all<Row>(sql, args...); });
    }

    template <class Row, class... Args>
    asio::awaitable<std::optional<Row>> first(std::string_view sql, Args... args)
    {
        co_return co_await read([&](session& s) { return s.first<Row>(sql, args...); });
    }

    /// Runs several reads in one round trip to the driver. Each statement sees a snapshot of its own. `body(session&)`
    /// returns an awaitable that may await only the session, because it may run on another thread.
    template <class F>
    auto read(F body) -> decltype(body(std::declval<session&>()))
    {
        work<F, false> w{body};
        co_await run_read(w);
        co_return std::move(*w.value_);
    }

    /// Runs one transaction. It commits when `body` returns. It rolls back when `body` throws, returns a failed result,
    /// or has swallowed the error of a statement; in that last case the statement's error is thrown, because a failed
    /// statement invalidates its transaction. When this returns, the commit is durable. `body` may await only the
    /// session. It may run again after a serialization conflict, so it must have no outside effects.
    template <class F>
    auto write(F body) -> decltype(body(std::declval<session&>()))
    {
        work<F, true> w{body};
        co_await run_write(w);
        co_return std::move(*w.value_);
    }

    /// Throws when the database cannot be reached.
    virtual asio::awaitable<void> ping() = 0;

    /// Call once at startup. Throws sql_error, whose text names the remedy, when the database is reachable but is
    /// configured in a way that would make it fail later.
    virtual asio::awaitable<void> verify() { co_return; }

    /// The reason why the database accepts no writes, as the latest calls found it. A committed write clears it, unless
    /// it is errc::corrupt.
    std::optional<errc> write_error() const noexcept { return condition_.write_error(); }

    virtual std::string_view dialect() const noexcept = 0;  ///< "sqlite" or "postgresql"
    virtual std::string describe() const = 0;               ///< address or path, without secrets
    virtual asio::awaitable<std::string> server_version() = 0;

    /// A number that changes when another process writes to the same database; our own writes do not change it.
    /// nullopt: the database cannot tell.
    virtual asio::awaitable<std::optional<std::int64_t>> foreign_writes() { co_return std::nullopt; }

    /// Runs a script of several statements without parameters in one transaction. Used for migrations.
    virtual asio::awaitable<void> run_script(std::string_view script) = 0;

    /// Waits for running work, then closes. Idempotent. Later calls throw larder::errc::closed.
    virtual void close() = 0;

 protected:
    virtual asio::awaitable<void> run_read(unit_of_work& w) = 0;
    virtual asio::awaitable<void> run_write(unit_of_work& w) = 0;

    condition condition_;  ///< updated by the driver

 private:
    template <class F, bool Commit>
    class work final : public unit_of_work {
     public:
        using value_type = typename decltype(std::declval<F&>()(std::declval<session&>()))::value_type;
        explicit work(F& body) : body_{body} {}
        asio::awaitable<bool> run(session& s) override
        {
            value_.emplace(co_await body_(s));
            if constexpr (requires { value_->has_error(); }) {
                co_return Commit && !value_->has_error();
            } else {
                co_return Commit;
            }
        }
        F& body_;
        std::optional<value_type> value_;
    };
};

}  // namespace agora::storage
