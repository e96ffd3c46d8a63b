// SPDX-License-Identifier: MIT
// A part follows its own redirections: MOVED also changes the map, ASK does not. The operation ends when the last part
// has ended. left_ counts the parts and start() itself, because a part may end while start() is still sending the
// others. Start with cluster_call::start(), part::send() and part_done().
#include "cluster_call.hpp"

#include <utility>

namespace larder::redis {

using boost::system::error_code;

namespace {

constexpr unsigned max_redirects = 16;
const request asking{"ASKING"};

}  // namespace

/// The commands that one node runs, and the receiver of their replies.
class cluster_call::part final : public receiver {
 public:
    part(cluster_call& c, const plan_part& what) : call_{c}, what_{what} {}

    void send(cluster::node* to, bool ask)
    {
        skip_ = ask;
        replies.clear();
        if (to == nullptr) {
            fail({outcome::not_sent, errc::unavailable, "no node is known for this slot"});
            return;
        }
        connection_ = to->connection;
        std::string with_asking;
        if (ask) with_asking = std::string{asking.bytes()}.append(what_.text());
        const auto ticket = connection_->submit(ask ? with_asking : what_.text(), what_.replies + (ask ? 1 : 0), *this,
                                                call_.op_.deadline(), call_.op_.started());
        if (ticket) {
            ticket_ = *ticket;
        } else {
            fail(connection_->failure());
        }
    }

    bool abandon()
    {
        if (std::exchange(done_, true)) return false;
        return connection_->abandon(ticket_);
    }

    bool waits_while_bytes_move() const noexcept override { return call_.op_.waits_while_bytes_move(); }
    void on_reply(const resp::value& reply) override
    {
        if (std::exchange(skip_, false)) return;
        if (reply.is_error() && !redirect_ && redirects_ < max_redirects) {
            redirect_ = parse_redirect(reply.text(), connection_->peer().host);
            if (redirect_ && !redirect_->ask && redirect_->to == connection_->peer()) {
                // MOVED to the node that sent it: the node does not know the owner's address, or is about to become the
                // owner. The error is passed on, and a retry of the operation may find the owner.
                redirect_.reset();
                call_.home_.refresh_topology();
            }
            if (!redirect_ && reply.text().starts_with("CLUSTERDOWN")) call_.home_.refresh_topology();
        }
        if (redirect_) return;
        if (call_.is_plain()) {
            call_.op_.on_reply(reply);
        } else {
            resp::append_value(replies, reply);
        }
    }

    void on_end(outcome what, error_code why) override
    {
        if (const auto r = std::exchange(redirect_, std::nullopt); what == outcome::ok && r) {
            ++redirects_;
            if (!r->ask) call_.home_.set_owner(*r);
            send(&call_.home_.node_at(r->to), r->ask);
        } else if (what == outcome::ok) {
            done_ = true;
            call_.some_done_ = true;
            call_.part_done();
        } else if (what == outcome::not_sent && why == errc::closed && !call_.home_.closing()) {
            // The node left the map before this was sent to it.
            send(call_.home_.owner(what_.slot), false);
        } else {
            fail({what, why, connection_ ? connection_->explain(why) : why.message()});
        }
    }

    std::string replies;  ///< in RESP3

 private:
    void fail(const error& e)
    {
        done_ = true;
        call_.part_failed(e);
    }

    cluster_call& call_;
    const plan_part& what_;
    std::shared_ptr<connection> connection_;
    connection::ticket ticket_ = 0;
    unsigned redirects_ = 0;
    bool skip_ = false;  ///< the reply to ASKING arrives first and is skipped
    bool done_ = false;
    std::optional<redirect> redirect_;
};

cluster_call::cluster_call(cluster& home, detail::operation& o)
    : op_{o}, home_{home}, plan_{make_plan(o.what())}, left_{plan_.parts.size() + 1}
{}
cluster_call::~cluster_call() = default;

void cluster_call::start()
{
    for (const auto& p : plan_.parts) parts_.push_back(std::make_unique<part>(*this, p));
    for (std::size_t i = 0; i < parts_.size(); ++i) parts_[i]->send(home_.owner(plan_.parts[i].slot), false);
    part_done();  // start() counts as a part, because parts may end at once
}

bool cluster_call::abandon()
{
    bool unsent = true;
    for (const auto& p : parts_) unsent = p->abandon() && unsent;
    return unsent;
}

void cluster_call::part_failed(const error& e)
{
    if (!failure_ || e.outcome == outcome::unknown) failure_ = e;
    part_done();
}

void cluster_call::part_done()
{
    if (--left_ > 0) return;
    auto& op = op_;
    auto failure = std::move(failure_);
    // Some of it was done, so not_sent would be wrong for the whole.
    if (failure && some_done_ && failure->outcome == outcome::not_sent) failure->outcome = outcome::unknown;
    if (!failure && !is_plain()) {
        std::vector<std::string> replies;
        for (auto& p : parts_) replies.push_back(std::move(p->replies));
        deliver_merged(plan_, replies, op);
    }
    home_.release(this);  // destroys this object
    if (failure) {
        op.end(*std::move(failure));
    } else {
        op.on_end(outcome::ok, {});
    }
}

}  // namespace larder::redis
