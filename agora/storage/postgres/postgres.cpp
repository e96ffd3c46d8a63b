// SPDX-License-Identifier: MIT
#include <agora/storage/postgres/admission.hpp>
#include <agora/storage/postgres/errors.hpp>
#include <agora/storage/postgres/loop_connections.hpp>
#include <boost/asio/post.hpp>

namespace agora::storage {

namespace {

using namespace postgres;

constexpr int transaction_attempts = 3;

/// Statements for themselves, on the connection that all reads of a loop share.
class read_session final : public session {
 public:
    explicit read_session(postgres::connection& c) : connection_{c} {}

 protected:
    asio::awaitable<std::int64_t> run(std::string_view sql, const params& bound, row_sink* sink) override
    {
        return connection_.run(sql, bound, sink);
    }

 private:
    postgres::connection& connection_;
};

/// Statements inside a transaction, which begins with the first one. After a failed statement the server takes no
/// further one; neither do we, and a unit that has swallowed the error is not committed.
class transaction_session final : public session {
 public:
    explicit transaction_session(postgres::connection& c) : connection_{c} {}
    bool begun() const noexcept { return begun_; }
    const std::exception_ptr& failure() const noexcept { return failure_; }

 protected:
    using opening = postgres::connection::opening;

    asio::awaitable<std::int64_t> run(std::string_view sql, const params& bound, row_sink* sink) override
    {
        if (failure_) std::rethrow_exception(failure_);
        const auto first = std::exchange(begun_, true) ? opening::none : opening::begin;
        try {
            co_return co_await connection_.run(sql, bound, sink, first);
        } catch (...) {
            failure_ = std::current_exception();
            throw;
        }
    }

 private:
    postgres::connection& connection_;
    std::exception_ptr failure_;
    bool begun_ = false;
};

/// Ends a transaction without keeping it; a connection that cannot do that is given up.
asio::awaitable<void> roll_back(loop_connections::lease& held)
{
    const params none;
    try {
        co_await (*held).run("ROLLBACK", none, nullptr);
    } catch (...) {
        held.drop();
    }
}

/// Runs the unit in one transaction, once.
asio::awaitable<void> transact(loop_connections& connections, unit_of_work& w)
{
    auto held = co_await connections.exclusive();
    transaction_session s{*held};
    bool keep = false;
    std::exception_ptr error;
    try {
        keep = co_await w.run(s);
    } catch (...) {
        error = std::current_exception();
    }
    if (!error) error = s.failure();
    if (keep && !error) {
        if (s.begun()) co_await (*held).commit();
        co_return;
    }
    if (s.begun()) co_await roll_back(held);
    if (error) std::rethrow_exception(error);
}

class postgres_database final : public database {
 public:
    postgres_database(const postgres_options& options, larder::runtime& loops)
        : options_{options}, target_{options_}, runtime_{loops}
    {
        for (std::size_t i = 0; i < loops.loops(); ++i) {
            loops_.push_back(std::make_shared<loop_connections>(loops.loop(i).get_executor(), target_, options_));
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
        const admission::pass inside{admission_};
        const auto c = co_await target_.connect(role::scripts);
        co_await postgres::run_script(c.get(), script);
    }

    void close() override;

 protected:
    asio::awaitable<void> run_read(unit_of_work& w) override
    {
        const admission::pass inside{admission_};
        const auto c = co_await here().shared();
        read_session s{*c};
        co_await w.run(s);
    }

    asio::awaitable<void> run_write(unit_of_work& w) override
    {
        const admission::pass inside{admission_};
        for (int attempt = 1;; ++attempt) {
            try {
                co_await transact(here(), w);
                co_return;
            } catch (const conflict&) {
                if (attempt == transaction_attempts) throw;
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

    postgres_options options_;
    target target_;
    larder::runtime& runtime_;
    std::vector<std::shared_ptr<loop_connections>> loops_;  // by number of the loop
    admission admission_;
};

void postgres_database::close()
{
    const auto close_connections = [&loops = runtime_, connections = loops_] {
        for (std::size_t i = 0; i < connections.size(); ++i) {
            asio::post(loops.loop(i), [c = connections[i]] { c->close(); });
        }
    };
    if (!admission_.close(close_connections)) return;
    // A loop's own thread cannot wait for what runs on it; the last call to leave closes the connections then.
    if (larder::runtime::this_loop() != larder::runtime::no_loop) return;
    if (!admission_.wait_until_empty(options_.statement_timeout)) close_connections();
}

}  // namespace

std::unique_ptr<database> make_postgres(const postgres_options& options, larder::runtime& loops)
{
    return std::make_unique<postgres_database>(options, loops);
}

}  // namespace agora::storage
