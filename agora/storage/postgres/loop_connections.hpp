// SPDX-License-Identifier: MIT
// The connections of one event loop: one that all reads share and a few exclusive ones for transactions. Both are
// opened at need; after a failed attempt the next one of its role waits out a jittered backoff, and calls in between
// fail at once with the same error. Belongs to its loop; not thread-safe.
#pragma once

#include <agora/storage/postgres/connection.hpp>
#include <agora/storage/postgres/semaphore.hpp>
#include <larder/backoff.hpp>

namespace agora::storage::postgres {

class loop_connections {
 public:
    loop_connections(asio::any_io_executor executor, const target& to);

    /// The connection for reads. Throws sql_error.
    asio::awaitable<std::shared_ptr<connection>> shared();

    /// A connection for one transaction; goes back when the lease dies, unless it was lost or dropped.
    class lease {
     public:
        lease(loop_connections& home, semaphore::permit place, std::shared_ptr<connection> c);
        lease(lease&&) = default;
        lease& operator=(lease&&) = delete;
        ~lease();
        connection& operator*() const noexcept { return *connection_; }
        /// Closes the connection instead of giving it back: its transaction could not be ended.
        void drop();

     private:
        loop_connections* home_;
        std::shared_ptr<connection> connection_;
        semaphore::permit place_;
        std::uint64_t generation_;
    };
    asio::awaitable<lease> exclusive();

    /// Gives up every connection once it has been answered; the next calls open new ones. For errors that say that the
    /// server is another one than it was (a failover), or that what was prepared on it no longer fits its tables.
    void renew();

    void close();

 private:
    /// When the next attempt may be made, and why the last one failed.
    struct attempts {
        attempts();
        larder::backoff pause;
        larder::steady_time next{};
        std::exception_ptr failure;
    };
    asio::awaitable<std::shared_ptr<connection>> open(role r);

    asio::any_io_executor executor_;
    const target& target_;
    semaphore connecting_;  // one attempt at a time: its failure is everyone's
    semaphore transactions_;
    std::shared_ptr<connection> shared_;
    std::vector<std::shared_ptr<connection>> idle_;
    std::uint64_t generation_ = 0;  // grows with renew(): a connection leased before does not go back
    attempts for_reads_;
    attempts for_transactions_;
};

}  // namespace agora::storage::postgres
