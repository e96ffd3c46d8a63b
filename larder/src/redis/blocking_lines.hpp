// SPDX-License-Identifier: MIT
// Connections for commands that wait in the server, one each. When a caller gives up, the server is asked to let the
// command go (CLIENT UNBLOCK), and what it answers still reaches the caller: an element that was popped meanwhile is
// not lost (redis-py #2511).
#pragma once

#include <functional>
#include <larder/redis/operation.hpp>
#include <memory>
#include <vector>

#include "connection.hpp"

namespace larder::redis {

class blocking_lines {
 public:
    /// At most `limit` connections; one that has carried nothing for `idle` is closed.
    blocking_lines(std::size_t limit, std::chrono::milliseconds idle);
    ~blocking_lines();

    /// `group` names lines that lead to the same place; `make` makes another one.
    using factory = std::function<std::shared_ptr<connection>(connection::hooks)>;
    /// Sends CLIENT UNBLOCK over another connection.
    using unblocker = std::function<void(const connection& waiting)>;
    void start(detail::operation& op, std::string_view group, const factory& make, const unblocker& unblock);

    /// Requires: the operation was started here and has not ended. It ends soon.
    static void give_up(detail::operation& op);
    void close();

 private:
    class line;
    std::size_t limit_;
    std::chrono::milliseconds idle_;
    std::vector<std::shared_ptr<line>> lines_;
};

}  // namespace larder::redis
