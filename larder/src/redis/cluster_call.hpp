// SPDX-License-Identifier: MIT
// One operation in a cluster: its parts, each on its node, and their redirections. What moved away before it was sent
// goes to the new owner; what was sent is never sent again here.
#pragma once

#include <memory>
#include <vector>

#include "cluster.hpp"
#include "cluster_plan.hpp"

namespace larder::redis {

class cluster_call {
 public:
    cluster_call(cluster& home, detail::operation& o);
    ~cluster_call();

    /// May end the operation, and with it this object.
    void start();
    /// Whether nothing of it was sent. The object may go afterwards.
    bool abandon();

 private:
    class part;
    /// One part with one reply, which needs no copy.
    bool is_plain() const noexcept { return plan_.parts.size() == 1 && plan_.parts.front().replies == 1; }
    void part_failed(const error& e);
    void part_done();

    detail::operation& op_;
    cluster& home_;
    cluster_plan plan_;
    std::vector<std::unique_ptr<part>> parts_;
    std::size_t left_;
    bool some_done_ = false;
    std::optional<error> failure_;
};

}  // namespace larder::redis
