// SPDX-License-Identifier: MIT
// One libpq connection in pipeline mode: statements are sent as they come, each with a Sync of its own so that one
// failure leaves the others alone, and the results are matched to them in order. Belongs to one loop; not thread-safe.
// Source: PostgreSQL 15 documentation, 34.5 Pipeline Mode.
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
    /// Takes over a handle that `to` connected for `r`. Requires: start() is called next, on the loop's thread.
    connection(connection_handle handle, const target& to, role r, const asio::any_io_executor& executor);
    void start();

    /// Whether `BEGIN` goes ahead of the statement, in the same trip.
    enum class opening { none, begin };

    /// Runs one statement and returns the changed rows. Throws sql_error, errc::unavailable when the connection is or
    /// gets lost, and what the sink throws.
    asio::awaitable<std::int64_t> run(std::string_view sql, const params& bound, row_sink* sink,
                                      opening first = opening::none);

    /// Ends the transaction. Throws sql_error when the server rolled back instead.
    asio::awaitable<void> commit();

    bool lost() const noexcept { return lost_ || retired_; }

    /// Closes as soon as nothing is in flight: the server, or what was prepared there, is not what it was.
    void retire();

    /// Fails what is in flight and lets go of the socket.
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
    watched_socket socket_;  // after handle_: released before libpq closes it
    asio::steady_timer alarm_;
    std::chrono::milliseconds patience_;  // how long the server may be silent while it owes an answer
    std::size_t limit_;
    role role_;
    bool prepares_;
    std::string settings_;                     // of each transaction, see target::settings_of_a_transaction()
    statement_cache<std::string> statements_;  // to their names on the server
    std::uint64_t names_ = 0;
    std::deque<call*> in_flight_;  // in the order sent; each lives in the frame of its run()
    larder::steady_time heard_{};  // when the server last spoke, or was first owed an answer
    bool flushing_ = false;
    bool retired_ = false;
    bool lost_ = false;
};

}  // namespace agora::storage::postgres
