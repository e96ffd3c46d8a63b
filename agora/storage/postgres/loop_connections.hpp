// SPDX-License-Identifier: MIT
// The connections of one event loop: one that all reads share and a few exclusive ones for transactions. Both are
// opened at need; after a failed attempt the next one waits out a jittered backoff, and calls in between fail at once.
// Belongs to its loop; not thread-safe.
#pragma once

#include <agora/storage/postgres/connection.hpp>
#include <agora/storage/postgres/turnstile.hpp>
#include <larder/backoff.hpp>

namespace agora::storage::postgres {

class loop_connections {
 public:
    loop_connections(asio::any_io_executor executor, const target& to, const postgres_options& options);

    /// The connection for reads. Throws errc::unavailable, errc::timed_out.
    asio::awaitable<std::shared_ptr<connection>> shared();

    /// A connection for one transaction; goes back when the lease dies, unless it was lost or dropped.
    class lease {
     public:
        lease(loop_connections& home, turnstile::permit place, std::shared_ptr<connection> c);
        lease(lease&&) = default;
        lease& operator=(lease&&) = delete;
        ~lease();
        connection& operator*() const noexcept { return *connection_; }
        /// Closes the connection instead of giving it back: its transaction could not be ended.
        void drop();

     private:
        loop_connections* home_;
        std::shared_ptr<connection> connection_;
        turnstile::permit place_;
    };
    asio::awaitable<lease> exclusive();

    void close();

 private:
    asio::awaitable<std::shared_ptr<connection>> open(role r);

    asio::any_io_executor executor_;
    const target& target_;
    const postgres_options& options_;
    turnstile connecting_;  // one attempt at a time: its failure is everyone's
    turnstile transactions_;
    std::shared_ptr<connection> shared_;
    std::vector<std::shared_ptr<connection>> idle_;
    larder::backoff backoff_;
    larder::steady_time next_attempt_{};
};

}  // namespace agora::storage::postgres
