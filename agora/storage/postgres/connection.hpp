// SPDX-License-Identifier: MIT
// One libpq connection in pipeline mode. Statements are sent as they arrive, each followed by its own Sync so that a
// failed statement does not affect the others, and results are matched to them in order.
// Belongs to one event loop; not thread-safe. Source: PostgreSQL 15 documentation, 34.5 Pipeline Mode.
#pragma once

#include <agora/storage/completion.hpp>
#include <agora/storage/postgres/connect.hpp>
#include <agora/storage/statement_cache.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>

namespace agora::storage::postgres {

class encoded_params;

class connection : public std::enable_shared_from_this<connection> {
 public:
    /// Takes ownership of a handle that `to` opened for `r`. Requires: start() is called next, on the loop's thread.
    connection(connection_handle handle, const target& to, role r, const asio::any_io_executor& executor);
    void start();

    /// Whether `BEGIN` is sent before the statement, in the same round trip.
    enum class opening { none, begin };

    /// Runs one statement and returns the number of changed rows. Throws sql_error (errc::unavailable when the
    /// connection is already lost or is lost meanwhile) and whatever the sink throws.
    asio::awaitable<std::int64_t> run(std::string_view sql, const params& bound, row_sink* sink,
                                      opening first = opening::none);

    /// Commits the transaction. Throws sql_error when the server rolled it back instead.
    asio::awaitable<void> commit();

    bool lost() const noexcept { return lost_ || retired_; }

    /// Closes the connection as soon as nothing is in flight. For a server that has changed its role, or whose prepared
    /// statements are outdated.
    void retire();

    /// Fails the calls in flight and releases the socket.
    void close();

 private:
    class call;
    static asio::awaitable<void> receive(std::shared_ptr<connection> self);
    static asio::awaitable<void> watch(std::shared_ptr<connection> self);

    asio::awaitable<void> execute(call& c, const params& bound, opening first);
    bool send(call& c, const params& bound, opening first);
    bool send_prelude(call& c, const std::string& sql);
    bool send_prepared(call& c, const encoded_params& p);
    bool prepare(call& c, const encoded_params& p, const std::string& name);
    void flush();
    void take_results();
    void take_result(PGresult* r);
    void fail(const std::exception_ptr& error);
    void fail_with_last_message();

    connection_handle handle_;
    watched_socket socket_;  // declared after handle_, so that it is released before libpq closes the socket
    asio::steady_timer watchdog_;
    std::chrono::milliseconds max_silence_;  // how long the server may be silent while it owes a reply
    std::size_t limit_;
    role role_;
    bool prepares_;
    std::string settings_;                     // sent with each transaction, see target::transaction_settings()
    statement_cache<std::string> statements_;  // key_of() -> name on the server
    std::uint64_t names_ = 0;
    std::deque<call*> in_flight_;          // in the order of sending; each call lives in the frame of its run()
    larder::steady_time last_activity_{};  // when the last bytes arrived, or when the first pending statement was sent
    bool flushing_ = false;
    bool retired_ = false;
    bool lost_ = false;
};

}  // namespace agora::storage::postgres
