// SPDX-License-Identifier: MIT
// cache_outbox, the outbox's side of the cache: begin_invalidation() around a transaction, and relay(), which applies
// committed invalidations that were not delivered. A pass of a relay writes the watermark's `begin`, takes a snapshot
// of the outbox, applies it, and writes the watermark's `end`. Invariant: a pass is published only if `begin` and `end`
// reached the same Redis, in the epoch that the database names. Checked in tests/models/watermark.pml. Start at
// relay_pass::run().
#include <algorithm>
#include <larder/cache/outbox.hpp>

#include "core.hpp"
#include "test_points.hpp"

namespace larder {

namespace asio = boost::asio;
using detail::shared_tier;

namespace {

constexpr std::size_t most_rows = 10'000;  // with more rows, all entries are invalidated instead
constexpr std::size_t keys_in_a_command = 500;
constexpr std::size_t id_size = 16;

std::vector<std::string> redis_keys(written_invalidation w)
{
    std::vector<std::string> all = std::move(w.keys);
    for (const auto& t : w.tags) all.push_back(shared_tier::key_of_tag(t));
    return all;
}

}  // namespace

namespace detail {

class invalidation_state {
 public:
    invalidation_state(std::shared_ptr<cache::core> c, std::vector<std::string> k)
        : core_{std::move(c)}, keys_{std::move(k)}
    {
        if (core_->shared) core_->pending.enter(keys_);
    }
    ~invalidation_state()
    {
        if (core_->shared && !applied_) core_->pending.leave(keys_);
    }
    invalidation_state(const invalidation_state&) = delete;
    invalidation_state& operator=(const invalidation_state&) = delete;

    asio::awaitable<confirmation> apply()
    {
        applied_ = true;
        return core_->invalidate_begun(core_, std::move(keys_));
    }
    auto call() { return core_->call(); }

 private:
    std::shared_ptr<cache::core> core_;
    std::vector<std::string> keys_;
    bool applied_ = false;
};

}  // namespace detail

begun_invalidation::begun_invalidation(std::unique_ptr<detail::invalidation_state> a) : state_{std::move(a)} {}
begun_invalidation::begun_invalidation(begun_invalidation&&) noexcept = default;
begun_invalidation& begun_invalidation::operator=(begun_invalidation&&) noexcept = default;
begun_invalidation::~begun_invalidation() = default;

asio::awaitable<confirmation> begun_invalidation::apply()
{
    const auto keep = std::move(state_);
    const auto call = keep->call();
    co_return co_await keep->apply();
}

begun_invalidation cache_outbox::begin_invalidation(written_invalidation w) const
{
    cache_.core_->freshness.record_use(cache_.core_->now());
    return begun_invalidation{std::make_unique<detail::invalidation_state>(cache_.core_, redis_keys(std::move(w)))};
}

void cache_outbox::confirm_applied(boot_time since) const
{
    if (!on_redis()) cache_.core_->freshness.confirm_applied(since);
}

bool cache_outbox::is_idle() const noexcept { return cache_.core_->is_idle(); }

bool cache_outbox::on_redis() const noexcept { return cache_.core_->shared.has_value(); }

namespace {

/// One pass of a relay over one snapshot.
class relay_pass {
 public:
    relay_pass(cache::core& c, change_log& log) : core_{c}, log_{log} {}

    /// Runs one pass. Returns false if a new epoch was begun instead, so that the pass must be repeated.
    asio::awaitable<bool> run(relay_report& out)
    {
        const std::string id = detail::random_token().substr(0, id_size);
        // A node that has just started begins a pass at once, even in another relay's turn: it can date only passes
        // that begin after its start. Later the relays take turns, because two passes at a time void each other's
        // `end`, and with a slow database no pass would ever be published.
        const auto here = co_await core_.shared->begin_pass(id, core_.relay_name, !core_.has_relayed);
        const auto before = core_.freshness.changes();
        out.others_turn = !here.ours;
        if (!here.ours) co_return true;
        if constexpr (test_points) co_await reach(step::pass_begun, core_.options.time);
        auto found = co_await log_.read();
        if constexpr (test_points) co_await reach(step::pass_read, core_.options.time);
        const bool unreadable =
            std::any_of(found.rows.begin(), found.rows.end(), [](const auto& r) { return !r.what; });
        const bool known = found.epoch == here.epoch && found.epoch.ends_with(":" + here.run);
        if (!known || unreadable || found.rows.size() > most_rows) {
            co_await begin_new_epoch(std::move(found), here.run, out);
            co_return false;
        }
        const bool confirmed = co_await apply(std::move(found.rows), found.epoch, out);
        if constexpr (test_points) co_await reach(step::pass_applied, core_.options.time);
        // Publish only if all invalidations went to one server. The script checks that the pass began on that server.
        const bool one_server = core_.freshness.changes() == before;
        if (confirmed && one_server) out.published = co_await core_.shared->end_pass(id, core_.relay_name, found.epoch);
        core_.has_relayed = core_.has_relayed || out.published;
        co_return true;
    }
    /// Runs one pass without epochs and watermark: in memory, with Cluster or over REST.
    asio::awaitable<void> run_alone(relay_report& out)
    {
        auto found = co_await log_.read();
        const bool unreadable =
            std::any_of(found.rows.begin(), found.rows.end(), [](const auto& r) { return !r.what; });
        if (unreadable || found.rows.size() > most_rows) {
            const auto cleared = co_await core_.invalidate_here(std::vector(1, core_.pending.everything));
            out.began_anew = cleared.how == invalidation::confirmed;
            if (out.began_anew) co_await settle(std::move(found.rows), {}, out);
            co_return;
        }
        co_await apply(std::move(found.rows), {}, out);
    }

 private:
    /// Applies the rows and deletes those that Redis has confirmed under this epoch. Returns whether it confirmed all.
    asio::awaitable<bool> apply(std::vector<change_log::row> rows, std::string epoch, relay_report& out)
    {
        std::vector<std::int64_t> done;
        std::size_t i = 0;
        while (i < rows.size()) {
            std::vector<std::string> keys;
            std::vector<std::int64_t> ids;
            for (; i < rows.size() && keys.size() < keys_in_a_command; ++i) {
                for (auto& k : redis_keys(*std::move(rows[i].what))) keys.push_back(std::move(k));
                ids.push_back(rows[i].id);
            }
            const auto how = co_await core_.invalidate_here(std::move(keys));
            const bool right_epoch = epoch.empty() || (!how.epoch.empty() && epoch.starts_with(how.epoch));
            if (how.how == invalidation::confirmed && right_epoch) done.insert(done.end(), ids.begin(), ids.end());
        }
        out.applied += done.size();
        out.left = rows.size() - done.size();
        if (!done.empty()) co_await log_.done(std::move(done), epoch.substr(0, id_size));
        co_return out.left == 0;
    }

    /// Begins a new epoch. Entries of earlier epochs are not used any more, so all rows of the snapshot are done.
    asio::awaitable<void> begin_new_epoch(change_log::snapshot found, const std::string& run, relay_report& out)
    {
        const std::string next = detail::random_token().substr(0, id_size) + ":" + run;
        const bool first = co_await log_.set_epoch(found.epoch, next);
        if (!first) co_return;  // another relay was faster
        const bool begun = co_await core_.shared->begin_epoch(next);
        if (!begun) co_return;
        out.began_anew = true;
        core_.shared->forget_epoch();
        core_.freshness.reset();
        co_await settle(std::move(found.rows), next.substr(0, id_size), out);
    }
    /// Deletes the rows of a snapshot that needs no more work; parks those that cannot be read.
    asio::awaitable<void> settle(std::vector<change_log::row> rows, std::string epoch, relay_report& out)
    {
        std::vector<std::int64_t> done;
        std::vector<std::int64_t> unreadable;
        for (const auto& r : rows) (r.what ? done : unreadable).push_back(r.id);
        out.parked += unreadable.size();
        if (!unreadable.empty()) co_await log_.park(std::move(unreadable));
        if (!done.empty()) co_await log_.done(std::move(done), std::move(epoch));
    }

    cache::core& core_;
    change_log& log_;
};

asio::awaitable<relay_report> relay_over(std::shared_ptr<cache::core> c, change_log& log)
{
    relay_report out;
    out.idle = c->is_idle();
    if (out.idle || c->closing) co_return out;
    const auto call = c->call();
    relay_pass pass{*c, log};
    if (!c->shared || !c->shared->relayed()) {
        co_await pass.run_alone(out);
        co_return out;
    }
    if (c->shared->epoch().empty()) co_await c->shared->heartbeat(c->options.bound / 3);
    bool ended = false;
    for (int i = 0; i < 3 && !ended; ++i) ended = co_await pass.run(out);
    c->send_heartbeats();
    co_return out;
}

}  // namespace

asio::awaitable<relay_report> cache_outbox::relay(change_log& log) const { return relay_over(cache_.core_, log); }

}  // namespace larder
