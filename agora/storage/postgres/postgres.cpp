// SPDX-License-Identifier: MIT
// The PostgreSQL driver's implementation of database. Reads share one connection per loop (read_session); a transaction
// has a connection to itself (transact()). run_read() and run_write() are the entry points.
// Invariant: a read is repeated on a new connection only when the server rejected it before the first row; a
// transaction only after a conflict, a failover or an outdated prepared statement.
#include <agora/storage/postgres/drain_gate.hpp>
#include <agora/storage/postgres/errors.hpp>
#include <agora/storage/postgres/loop_connections.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

namespace agora::storage {

namespace {

using namespace postgres;

constexpr int transaction_attempts = 3;

/// Whether the error shows that the loop's connections are outdated, and that a new one may succeed.
bool needs_new_connections(const sql_error& e)
{
    return e.reason() == errc::read_only || e.reason() == errc::stale_statement;
}

/// Single statements, on the connection that all reads of a loop share.
class read_session final : public session {
 public:
    explicit read_session(loop_connections& connections) : connections_{connections} {}

 protected:
    asio::awaitable<std::int64_t> run(std::string_view sql, const params& bound, row_sink* sink) override
    {
        const auto c = co_await connections_.shared();
        try {
            co_return co_await c->run(sql, bound, sink);
        } catch (const sql_error& e) {
            if (!needs_new_connections(e)) throw;
        }
        // The server rejected the statement before the first row. Another reader may have renewed the connections
        // meanwhile.
        if (!c->lost()) connections_.renew();
        const auto next = co_await connections_.shared();
        co_return co_await next->run(sql, bound, sink);
    }

 private:
    loop_connections& connections_;
};

/// Statements inside a transaction, which begins with the first one. After a failed statement the server accepts no
/// more statements, and neither does this class. A unit of work that has swallowed the error is not committed.
class transaction_session final : public session {
 public:
    explicit transaction_session(postgres::connection& c) : connection_{c} {}
    bool begun() const noexcept { return begun_; }
    const std::exception_ptr& failure() const noexcept { return failure_; }
    std::int64_t changes() const noexcept { return changes_; }

 protected:
    using opening = postgres::connection::opening;

    asio::awaitable<std::int64_t> run(std::string_view sql, const params& bound, row_sink* sink) override
    {
        if (failure_) std::rethrow_exception(failure_);
        const auto first = std::exchange(begun_, true) ? opening::none : opening::begin;
        try {
            const auto changed = co_await connection_.run(sql, bound, sink, first);
            changes_ += changed;
            co_return changed;
        } catch (...) {
            failure_ = std::current_exception();
            throw;
        }
    }

 private:
    postgres::connection& connection_;
    std::exception_ptr failure_;
    std::int64_t changes_ = 0;
    bool begun_ = false;
};

/// Rolls back a transaction. A connection that cannot do so is dropped.
asio::awaitable<void> roll_back(loop_connections::lease& lease)
{
    const params none;
    try {
        co_await (*lease).run("ROLLBACK", none, nullptr);
    } catch (...) {
        lease.drop();
    }
}

/// Runs the unit in one transaction, once. Returns true when rows were changed and committed.
asio::awaitable<bool> transact(loop_connections& connections, unit_of_work& w)
{
    auto lease = co_await connections.exclusive();
    transaction_session s{*lease};
    bool keep = false;
    std::exception_ptr error;
    try {
        keep = co_await w.run(s);
    } catch (...) {
        error = std::current_exception();
    }
    if (!error) error = s.failure();
    if (keep && !error) {
        if (s.begun()) co_await (*lease).commit();
        co_return s.changes() > 0;
    }
    if (s.begun()) co_await roll_back(lease);
    if (error) std::rethrow_exception(error);
    co_return false;
}

class postgres_database final : public database {
 public:
    postgres_database(const postgres_options& options, larder::runtime& loops) : target_{options}, runtime_{loops}
    {
        for (std::size_t i = 0; i < loops.loops(); ++i) {
            loops_.push_back(std::make_shared<loop_connections>(loops.loop(i).get_executor(), target_));
        }
    }
    ~postgres_database() override { close(); }

    asio::awaitable<void> ping() override { co_await first<std::int64_t>("SELECT 1"); }
    std::string_view dialect() const noexcept override { return "postgresql"; }
    std::string describe() const override { return target_.describe(); }

    asio::awaitable<std::string> server_version() override
    {
        const auto version = co_await first<std::string>("SHOW server_version");
        co_return *version;
    }

    asio::awaitable<void> run_script(std::string_view script) override
    {
        const drain_gate::pass inside{drain_gate_};
        const auto c = co_await target_.connect(role::scripts);
        std::string text = target_.transaction_settings(role::scripts);
        if (!text.empty()) text += ";\n";
        co_await postgres::run_script(c.get(), text.append(script));
    }

    asio::awaitable<void> verify() override;

    void close() override;

 protected:
    asio::awaitable<void> run_read(unit_of_work& w) override
    {
        const drain_gate::pass inside{drain_gate_};
        read_session s{here()};
        try {
            co_await w.run(s);
        } catch (const sql_error& e) {
            condition_.failed(e.reason());
            throw;
        }
    }

    asio::awaitable<void> run_write(unit_of_work& w) override
    {
        const drain_gate::pass inside{drain_gate_};
        auto& connections = here();
        for (int attempt = 1;; ++attempt) {
            try {
                const bool wrote = co_await transact(connections, w);
                if (wrote) condition_.wrote();
                co_return;
            } catch (const sql_error& e) {
                if (needs_new_connections(e)) connections.renew();
                const bool may_pass = needs_new_connections(e) || e.reason() == errc::conflict;
                if (!may_pass || attempt == transaction_attempts) {
                    condition_.failed(e.reason());
                    throw;
                }
            }
        }
    }

 private:
    loop_connections& here()
    {
        const auto loop = larder::runtime::this_loop();
        if (loop >= loops_.size()) throw std::logic_error{"the database is called outside of the event loops"};
        return *loops_[loop];
    }

    target target_;
    larder::runtime& runtime_;
    std::vector<std::shared_ptr<loop_connections>> loops_;  // indexed by loop number
    drain_gate drain_gate_;
};

/// Prepares a statement of the same name on two connections at once. If a pooler maps both to one server connection,
/// the second attempt is rejected, and error_of() adds the remedy to the error text.
asio::awaitable<void> postgres_database::verify()
{
    const drain_gate::pass inside{drain_gate_};
    if (target_.statements() == prepared_statements::off) co_return;
    const auto executor = co_await asio::this_coro::executor;
    std::vector<std::shared_ptr<postgres::connection>> both;
    std::exception_ptr failure;
    try {
        const params none;
        for (int i = 0; i < 2; ++i) {
            auto handle = co_await target_.connect(role::transactions);
            both.push_back(
                std::make_shared<postgres::connection>(std::move(handle), target_, role::transactions, executor));
            both.back()->start();
            co_await both.back()->run("SELECT 1", none, nullptr);
        }
    } catch (...) {
        failure = std::current_exception();
    }
    for (const auto& c : both) c->close();
    if (failure) std::rethrow_exception(failure);
}

void postgres_database::close()
{
    const auto close_connections = [&loops = runtime_, connections = loops_] {
        for (std::size_t i = 0; i < connections.size(); ++i) {
            asio::post(loops.loop(i), [c = connections[i]] { c->close(); });
        }
    };
    if (!drain_gate_.close(close_connections)) return;
    // A loop's own thread must not wait for calls that run on it. In that case the last call to leave closes the
    // connections.
    if (larder::runtime::this_loop() != larder::runtime::no_loop) return;
    if (!drain_gate_.wait_until_empty(target_.options().statement_timeout)) close_connections();
}

}  // namespace

std::unique_ptr<database> make_postgres(const postgres_options& options, larder::runtime& loops)
{
    return std::make_unique<postgres_database>(options, loops);
}

}  // namespace agora::storage
