// SPDX-License-Identifier: MIT
// One operation in a cluster: sends its parts to their nodes and follows redirections. A part whose slot moved before
// it was sent goes to the new owner. A part that was sent is sent again only if its node refused it with a redirection.
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

    /// May end the operation, which destroys this object.
    void start();
    /// Gives the operation up. Returns whether nothing of it was sent. This object may be destroyed afterwards.
    bool abandon();

 private:
    class part;
    /// One part with one reply: the reply is passed on without a copy.
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
