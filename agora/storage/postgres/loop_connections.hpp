// SPDX-License-Identifier: MIT
// The connections of one event loop: one that all reads share, and a few exclusive ones for transactions. Both are
// opened on demand. After a failed attempt the role waits out a jittered backoff, and calls in the meantime fail at
// once with the same error. Belongs to its loop; not thread-safe.
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

    /// A connection for one transaction. It is returned when the lease is destroyed, unless it was lost or dropped.
    class lease {
     public:
        lease(loop_connections& home, semaphore::permit permit, std::shared_ptr<connection> c);
        lease(lease&&) = default;
        lease& operator=(lease&&) = delete;
        ~lease();
        connection& operator*() const noexcept { return *connection_; }
        /// Closes the connection instead of returning it, because its transaction could not be ended.
        void drop();

     private:
        loop_connections* home_;
        std::shared_ptr<connection> connection_;
        semaphore::permit permit_;
        std::uint64_t generation_;
    };
    asio::awaitable<lease> exclusive();

    /// Retires every connection once its pending statements are answered; the next calls open new ones. Used after
    /// errors which show that the server has changed its role (a failover), or that its prepared statements no longer
    /// fit their tables.
    void renew();

    void close();

 private:
    /// The time of the next allowed attempt, and the error of the last one.
    struct attempts {
        attempts();
        larder::backoff backoff;
        larder::steady_time next{};
        std::exception_ptr failure;
    };
    asio::awaitable<std::shared_ptr<connection>> open(role r);

    asio::any_io_executor executor_;
    const target& target_;
    semaphore connecting_;  // one attempt at a time; all waiting callers share its failure
    semaphore transactions_;
    std::shared_ptr<connection> shared_;
    std::vector<std::shared_ptr<connection>> idle_;
    std::uint64_t generation_ = 0;  // incremented by renew(); a connection leased before is not reused
    attempts read_attempts_;
    attempts transaction_attempts_;
};

}  // namespace agora::storage::postgres
