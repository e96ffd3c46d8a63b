// SPDX-License-Identifier: MIT
// One connection in pipeline mode. Start at execute(), which sends a statement and suspends its caller; receive() reads
// replies for as long as the connection lives, and take_result() matches them to the calls in flight.
// Invariant: in_flight_ is in the order of sending, and every call in it is finished exactly once, by its Sync or by
// fail().
#include <agora/storage/postgres/connection.hpp>
#include <agora/storage/postgres/errors.hpp>
#include <agora/storage/postgres/wire.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <larder/result.hpp>

namespace agora::storage::postgres {

namespace {

using namespace std::chrono_literals;

// The server cancels a statement itself after statement_timeout. It gets this much longer to report that.
constexpr auto grace = 2s;
constexpr auto watch_interval = 500ms;

}  // namespace

/// A statement from the moment it is sent until its Sync arrives.
class connection::call {
 public:
    call(std::string_view text, row_sink* rows) : sql{text}, sink{rows} {}

    void take(PGresult* r)
    {
        affected = affected_rows(r);
        rolled_back = std::string_view{PQcmdStatus(r)} == "ROLLBACK";
        if (sink == nullptr || error) return;
        result_reader reader{r};
        try {
            for (int row = 0; row < PQntuples(r); ++row) {
                reader.set_row(row);
                sink->row(reader);
            }
        } catch (...) {
            error = std::current_exception();
        }
    }

    std::string_view sql;
    row_sink* sink;
    std::string key;   // key of the prepared statement in statements_
    int preludes = 0;  // number of results of BEGIN, Parse and DEALLOCATE that arrive before the statement's own
    std::int64_t affected = 0;
    bool rolled_back = false;
    std::exception_ptr error;
    completion done;
};

connection::connection(connection_handle handle, const target& to, role r, const asio::any_io_executor& executor)
    : handle_{std::move(handle)},
      socket_{executor, handle_.get()},
      watchdog_{executor},
      max_silence_{to.options().statement_timeout + grace},
      limit_{to.options().queue_limit},
      role_{r},
      prepares_{to.statements() == prepared_statements::on},
      settings_{to.transaction_settings(r)},
      statements_{to.options().cached_statements}
{}

void connection::start()
{
    PQenterPipelineMode(handle_.get());
    const auto executor = watchdog_.get_executor();
    asio::co_spawn(executor, receive(shared_from_this()), [](std::exception_ptr) {});
    asio::co_spawn(executor, watch(shared_from_this()), [](std::exception_ptr) {});
}

asio::awaitable<std::int64_t> connection::run(std::string_view sql, const params& bound, row_sink* sink, opening first)
{
    call c{sql, sink};
    co_await execute(c, bound, first);
    co_return c.affected;
}

asio::awaitable<void> connection::commit()
{
    call c{"COMMIT", nullptr};
    const params none;
    co_await execute(c, none, opening::none);
    // A COMMIT of a transaction with a failed statement is not an error for the server: it answers ROLLBACK.
    if (c.rolled_back) throw sql_error{errc::conflict, "postgresql: the transaction was rolled back"};
}

asio::awaitable<void> connection::execute(call& c, const params& bound, opening first)
{
    if (lost_) throw unavailable("the connection is lost");
    if (in_flight_.size() >= limit_) throw sql_error{errc::busy, "postgresql: too many statements in flight"};
    const auto start = [&] {
        if (in_flight_.empty()) last_activity_ = std::chrono::steady_clock::now();
        in_flight_.push_back(&c);
        if (!send(c, bound, first)) fail_with_last_message();
    };
    co_await c.done.wait(start);
}

/// Returns false when libpq accepts no more input, which means that the connection is broken.
bool connection::send(call& c, const params& bound, opening first)
{
    PGconn* pg = handle_.get();
    const encoded_params p{bound};
    if (first == opening::begin && !send_prelude(c, "BEGIN")) return false;
    // A statement outside a transaction is a transaction of its own. One that continues or ends a transaction finds the
    // settings already made.
    const bool opens = first == opening::begin || role_ == role::reads;
    if (opens && !settings_.empty() && !send_prelude(c, settings_)) return false;
    if (prepares_) {
        if (!send_prepared(c, p)) return false;
    } else {
        const std::string sql{c.sql};
        if (PQsendQueryParams(pg, sql.c_str(), p.count(), p.types(), p.values(), p.lengths(), p.formats(), 0) == 0)
            return false;
    }
    if (PQpipelineSync(pg) == 0) return false;
    flush();
    return true;
}

/// Sends a statement whose result is ignored.
bool connection::send_prelude(call& c, const std::string& sql)
{
    ++c.preludes;
    return PQsendQueryParams(handle_.get(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) != 0;
}

bool connection::send_prepared(call& c, const encoded_params& p)
{
    c.key = p.key_of(c.sql);
    std::string name;
    if (const auto* known = statements_.find(c.key)) {
        name = *known;
    } else {
        name = "s" + std::to_string(++names_);
        if (!prepare(c, p, name)) return false;
    }
    return PQsendQueryPrepared(handle_.get(), name.c_str(), p.count(), p.values(), p.lengths(), p.formats(), 0) != 0;
}

bool connection::prepare(call& c, const encoded_params& p, const std::string& name)
{
    PGconn* pg = handle_.get();
    ++c.preludes;
    if (PQsendPrepare(pg, name.c_str(), std::string{c.sql}.c_str(), p.count(), p.types()) == 0) return false;
    const auto displaced = statements_.insert(c.key, name);
    return !displaced || send_prelude(c, "DEALLOCATE " + *displaced);
}

/// Sends what libpq has buffered. Bytes that the socket does not accept now are sent when it is writable again.
void connection::flush()
{
    if (flushing_ || lost_) return;
    const int left = PQflush(handle_.get());
    if (left < 0) return fail_with_last_message();
    if (left == 0) return;
    flushing_ = true;
    socket_->async_wait(asio::posix::descriptor_base::wait_write,
                        [self = shared_from_this()](boost::system::error_code ec) {
                            self->flushing_ = false;
                            if (!ec) self->flush();
                        });
}

/// Reads for as long as the connection lives, also between statements, so that a lost server is noticed at once.
asio::awaitable<void> connection::receive(std::shared_ptr<connection> self)
{
    for (;;) {
        boost::system::error_code ec;
        co_await self->socket_->async_wait(asio::posix::descriptor_base::wait_read,
                                           asio::redirect_error(asio::use_awaitable, ec));
        if (self->lost_) co_return;
        if (ec || PQconsumeInput(self->handle_.get()) == 0) {
            self->fail_with_last_message();
            co_return;
        }
        self->take_results();
    }
}

/// Gives up on a server that owes a reply and has been silent for too long (a frozen process, a network that drops
/// packets).
asio::awaitable<void> connection::watch(std::shared_ptr<connection> self)
{
    while (!self->lost_) {
        boost::system::error_code ec;
        self->watchdog_.expires_after(watch_interval);
        co_await self->watchdog_.async_wait(asio::redirect_error(asio::use_awaitable, ec));
        const bool awaits_reply = !self->in_flight_.empty();
        if (awaits_reply && std::chrono::steady_clock::now() - self->last_activity_ > self->max_silence_) {
            self->fail(std::make_exception_ptr(unavailable("the server does not answer")));
        }
    }
}

void connection::take_results()
{
    last_activity_ = std::chrono::steady_clock::now();
    PGconn* pg = handle_.get();
    while (!in_flight_.empty() && PQisBusy(pg) == 0 && PQstatus(pg) == CONNECTION_OK) {
        if (const result_handle r{PQgetResult(pg)}) take_result(r.get());  // null between the results of two commands
    }
    if (PQstatus(pg) != CONNECTION_OK) return fail_with_last_message();
    if (retired_ && in_flight_.empty()) close();
}

void connection::take_result(PGresult* r)
{
    call& c = *in_flight_.front();
    switch (PQresultStatus(r)) {
        case PGRES_PIPELINE_SYNC:
            in_flight_.pop_front();
            c.done.finish(c.error);
            return;
        case PGRES_FATAL_ERROR:
            if (!c.error) c.error = std::make_exception_ptr(error_of(r, c.sql));
            if (c.preludes > 0) statements_.erase(c.key);  // it was not prepared
            return;
        case PGRES_PIPELINE_ABORTED:
            return;  // commands between the failed one and the Sync
        default:
            break;
    }
    if (c.preludes > 0) {
        --c.preludes;
    } else {
        c.take(r);
    }
}

void connection::fail(const std::exception_ptr& error)
{
    if (std::exchange(lost_, true)) return;
    socket_.release();
    watchdog_.cancel();
    for (call* c : std::exchange(in_flight_, {})) c->done.finish(error);
}

void connection::fail_with_last_message() { fail(std::make_exception_ptr(unavailable(last_message(handle_.get())))); }

void connection::retire()
{
    retired_ = true;
    if (in_flight_.empty()) close();
}

void connection::close()
{
    fail(std::make_exception_ptr(boost::system::system_error{larder::errc::closed, "postgresql"}));
}

}  // namespace agora::storage::postgres
