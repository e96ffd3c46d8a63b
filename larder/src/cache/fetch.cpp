// SPDX-License-Identifier: MIT
// The steps of a fetch; the header states the invariants, and fetch_all.cpp has the loop around them: sample(),
// question(), take() with read() for the answer, loaded() or failed(), and publish() to Redis in the background.
#include "fetch.hpp"

#include "test_points.hpp"

namespace larder::detail {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using answer = acquire_answer::state;
using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {

/// The arguments of a fill, owned by the background work.
class filling {
 public:
    filling(std::string k, std::string t, milliseconds l, std::string b)
        : key{std::move(k)}, token{std::move(t)}, ttl{l}, bytes{std::move(b)}
    {}
    std::string key;
    std::string token;
    milliseconds ttl;
    std::string bytes;
};

milliseconds grace(const region_options& o) noexcept { return std::max(o.stale.while_revalidate, o.stale.if_error); }

fetch_limits limits(const region_options& o, bool outlives_caller) noexcept
{
    return {o.stale.while_revalidate, o.stale.retry_after, o.load.soft_timeout, o.load.hard_timeout, outlives_caller};
}

}  // namespace

fetch::fetch(std::shared_ptr<cache::core> c, std::shared_ptr<flight> f, const entry_key& k, const value_type& t,
             fetch_start s)
    : core_{std::move(c)},
      flight_{std::move(f)},
      key_{k},
      type_{t},
      in_{core_->regions.of(k.region())},
      options_{k.region().options()},
      fsm_{limits(options_, s.outlives_caller)},
      tags_{core_->slots_of(k, in_)},
      held_{std::move(s.held)},
      old_{held_},
      overtaken_{std::move(s.overtaken)},
      redis_{core_->shared.has_value() && !pending()},
      token_{redis_ && s.token.empty() ? random_token() : std::move(s.token)}
{
    if (!redis_) fsm_.skip_redis();
    if (const auto& r = s.replaced != nullptr ? s.replaced : held_; r != nullptr) fsm_.refresh(r->created);
}

fetch::~fetch()
{
    if (held_ != nullptr) held_->refreshing = false;
}

/// Returns whether the old copy may be served in place of a value that could not be loaded: it was not invalidated
/// since, and no push has reported a change.
bool fetch::old_may_serve() const
{
    if (old_ == nullptr || !core_->may_replace_failure(*old_, options_, core_->now())) return false;
    return old_ == held_ ? core_->local.get(key_.text()) == old_ : core_->flights.attached(*flight_);
}

/// Finishes the flight with the old copy.
void fetch::serve_old(const served_copy& s)
{
    if (s.retry_at) {
        old_->retry_at = *s.retry_at;
        if (old_ != held_) keep(old_);  // held_ is in L1 already
    }
    finish(old_, s.how);
}

bool fetch::pending() const
{
    if (core_->pending.size() == 0) return false;
    if (core_->pending.holds(std::string{key_.text()})) return true;
    return std::any_of(tags_.slots().begin(), tags_.slots().end(),
                       [&](const auto& s) { return core_->pending.holds(shared_tier::key_of_tag(s->text)); });
}

void fetch::sample()
{
    flight_->asked = true;
    tags_.take_numbers();
    core_->flights.sampled(*flight_, tags_.numbers(), redis_ ? token_ : std::string{});
    if (!core_->shared) reply_.generation = core_->freshness.generation();
}

acquire_question fetch::question() const
{
    return {std::string{key_.text()}, fsm_.mode(), fsm_.known(), overtaken_, &flight_->channel};
}

std::vector<tag_question> fetch::tag_questions()
{
    // A version that was read recently is good enough: the value then counts as confirmed only as of that read.
    const auto since = options_.strict ? boot_time::max() : core_->now() - core_->options.bound / 2;
    const auto keep = 2 * (life(false) + grace(options_) + 1min);
    return tags_.begin(since, core_->freshness.generation(), duration_cast<milliseconds>(keep));
}

void fetch::take_tags(std::span<const std::optional<tag_version>> tags, const reply_context& from, boot_time asked)
{
    tags_.complete(tags, from, asked);
    core_->flights.sampled(*flight_, tags_.numbers(), redis_ ? token_ : std::string{});
}

copy_state fetch::read(const acquire_answer& a, boot_time asked, std::shared_ptr<record>& out)
{
    if (a.bytes.empty()) return copy_state::none;
    envelope e;
    e.key = key_.text();
    e.schema = type_.schema;
    switch (unpack(a.bytes, options_.size.max_bytes, e)) {
        case unpacked::corrupt:
            return copy_state::corrupt;
        case unpacked::another_schema:
            return copy_state::another_schema;
        case unpacked::good:
            break;
    }
    out = type_.decode(e.payload);
    if (out == nullptr) return copy_state::corrupt;
    out->created = e.created;
    out->cost = e.cost;
    out->negative = e.negative;
    out->loaded_at = asked - capped_milliseconds{a.now - e.created};
    out->fresh_until = asked + a.fresh_left;
    out->stale_until = asked + a.stale_left;
    out->confirmed_until = core_->confirmed_until(std::min(reply_.confirmed_as_of, tags_.confirmed_as_of()));
    out->generation = reply_.generation;
    out->channel = reply_.channel;
    out->tracked = true;
    out->tags = tags_.numbers();
    if (e.tags != tags_.versions() || !still_valid(tags_.numbers())) return copy_state::invalid;
    return core_->is_confirmed(*out, core_->now()) ? copy_state::good : copy_state::unconfirmed;
}

fetch_state fetch::take(acquire_answer a, std::span<const std::optional<tag_version>> tags, const reply_context& from,
                        boot_time asked)
{
    reply_ = from;
    fetch_facts facts{.what = a.what, .lease_left = a.lease_left, .asked = asked};
    if (a.what == answer::unreachable) {
        ++in_.redis_failures;
        redis_ = false;
        lose_answer();  // perhaps only the reply was lost
        sample();
        return fsm_.answered(facts);
    }
    take_tags(tags, from, asked);
    redis_now_ = a.now;
    if (a.what == answer::granted) lease_ = lease{core_, key_.text(), token_};
    std::shared_ptr<record> found;
    facts.copy = read(a, asked, found);
    if (facts.copy == copy_state::corrupt || a.what == answer::foreign) ++in_.corrupt;
    if (facts.copy == copy_state::another_schema) lease_.release();
    if (found != nullptr) {
        facts.fresh_until = found->fresh_until;
        facts.created = found->created;
    }
    // An unconfirmed copy is served only if the load fails and the region allows it.
    const bool good = facts.copy == copy_state::good;
    if (good || facts.copy == copy_state::unconfirmed) old_ = found;
    // For callers at their soft time-out, which do not wait for the load.
    if (good && a.what != answer::hit && fsm_.load_outlives_soft_timeout()) keep(old_);
    // Judged by the current time, not by `asked`: the reply may have taken long, and readers have joined since then.
    facts.old_may_serve = a.what == answer::throttled && old_may_serve();
    const auto next = fsm_.answered(facts);
    if (next == fetch_state::finished) serve_old(fsm_.served());
    return next;
}

std::shared_ptr<const record> fetch::peeked(acquire_answer a, std::span<const std::optional<tag_version>> tags,
                                            const reply_context& from, boot_time asked)
{
    reply_ = from;
    std::shared_ptr<record> r;
    auto copy = copy_state::none;
    if (a.what == answer::unreachable) {
        ++in_.redis_failures;
    } else {
        take_tags(tags, from, asked);
        copy = read(a, asked, r);
        if (copy == copy_state::corrupt || a.what == answer::foreign) ++in_.corrupt;
    }
    const bool good = copy == copy_state::good && a.what == answer::hit;
    finish(good ? r : nullptr, good ? fetched::shared : fetched::nothing);
    return good ? r : nullptr;
}

fetch_state fetch::wait(steady_time now)
{
    const auto next = fsm_.wait(now, old_may_serve());
    if (next == fetch_state::finished) serve_old(fsm_.served());
    return next;
}

milliseconds fetch::life(bool negative) const noexcept
{
    if (negative) return options_.negative_ttl;
    return options_.ttl == default_ttl ? core_->options.default_ttl : options_.ttl;
}

/// Sets the times of a record, counted from `began`, its tags and what confirms its freshness.
void fetch::date(record& r, boot_time began) const
{
    r.loaded_at = began;
    r.fresh_until = began + life(r.negative);
    r.stale_until = r.fresh_until + (r.negative ? 0ms : grace(options_));
    r.confirmed_until = core_->confirmed_until(flight_->started);
    r.tags = tags_.numbers();
    r.generation = reply_.generation;
    r.channel = reply_.channel;
    r.created = redis_now_;
    r.tracked = !core_->shared;
}

void fetch::loaded(std::shared_ptr<record> value, boot_time began)
{
    const auto took = duration_cast<microseconds>(core_->now() - began);
    ++in_.loads;
    in_.load_time.add(took);
    value->cost = static_cast<std::uint32_t>(std::min<std::int64_t>(took.count(), UINT32_MAX));
    date(*value, began);
    std::string payload;
    if (lease_) type_.encode(*value, payload);
    const std::size_t size = lease_ ? payload.size() : type_.weigh(*value);
    if (size > options_.size.max_bytes) ++in_.oversized;
    const bool wanted = value->storable && life(value->negative) > 0ms && size <= options_.size.max_bytes;
    const bool valid = keep(wanted ? value : nullptr);
    if (!valid) ++in_.refused;
    finish(value, wanted && valid ? fetched::loaded : fetched::refused);
    if (wanted && valid) {
        publish(value, std::move(payload));
    } else {
        lease_.release();
    }
}

asio::awaitable<bool> fetch::put(std::shared_ptr<record> value)
{
    sample();
    if (redis_) {
        auto one = question();
        one.what = acquire_mode::peek;
        std::vector<acquire_question> entries(1, one);
        auto tags = tag_questions();
        const auto asked = core_->now();
        const auto got =
            co_await core_->shared->read(std::move(entries), std::move(tags), token_, core_->options.lease);
        if (got.entries[0].what == answer::unreachable) co_return false;
        reply_ = got.context;
        take_tags(got.tags, got.context, asked);
        redis_now_ = got.entries[0].now;
    }
    date(*value, core_->now());
    std::string payload;
    type_.encode(*value, payload);
    if (payload.size() > options_.size.max_bytes) {
        ++in_.oversized;
        co_return false;
    }
    if (core_->shared) {
        const auto ttl = duration_cast<milliseconds>(value->stale_until - value->loaded_at);
        const std::string bytes = packed(*value, std::move(payload));
        if (!redis_) co_return false;
        const auto stored = co_await core_->shared->set(key_.text(), ttl, bytes);
        if (stored != shared_tier::done::yes) co_return false;
    }
    core_->flights.detach(key_.text(), [&] { core_->keep(key_.text(), in_, value, type_); });
    co_return true;
}

void fetch::failed(std::exception_ptr why)
{
    ++in_.loads;
    ++in_.load_failures;
    const auto now = core_->now();
    if (!old_may_serve()) {
        lease_.release();
        fsm_.end();
        core_->flights.finish(*flight_, nullptr, fetched::nothing, std::move(why));
        return;
    }
    serve_old(fsm_.failed(now, std::min(old_->fresh_until, old_->confirmed_until)));
    lease_.release(options_.stale.retry_after);
}

/// Puts the record into L1, unless it is null or the flight is detached. Returns whether the flight is attached.
bool fetch::keep(const std::shared_ptr<const record>& r)
{
    return core_->flights.insert_if_attached(*flight_, [&] {
        if (r != nullptr) core_->keep(key_.text(), in_, r, type_);
    });
}

void fetch::finish(std::shared_ptr<const record> r, fetched how)
{
    fsm_.end();
    if (how == fetched::shared) keep(r);
    core_->flights.finish(*flight_, std::move(r), how);
}

std::string fetch::packed(const record& r, std::string payload) const
{
    envelope e;
    e.key = key_.text();
    e.schema = type_.schema;
    e.created = redis_now_;
    e.fresh_until = redis_now_ + duration_cast<milliseconds>(r.fresh_until - r.loaded_at).count();
    e.stale_until = redis_now_ + duration_cast<milliseconds>(r.stale_until - r.loaded_at).count();
    e.cost = r.cost;
    e.negative = r.negative;
    e.tags = tags_.versions();
    e.payload = std::move(payload);
    return pack(e, reply_.epoch, options_.size.compress_above);
}

void fetch::publish(std::shared_ptr<const record> r, std::string payload)
{
    if (!lease_) return;
    lease_.spend();
    const auto ttl = duration_cast<milliseconds>(r->stale_until - r->loaded_at);
    std::string bytes = packed(*r, std::move(payload));
    auto send = [](std::shared_ptr<cache::core> c, region_state& in, std::shared_ptr<const record> kept,
                   filling f) -> asio::awaitable<void> {
        if constexpr (test_points) co_await reach(step::filling, c->options.time);
        const auto stored = co_await c->shared->fill(f.key, f.token, f.ttl, f.bytes);
        // From now on Redis reports changes of the entry. Before the fill there was no value that could change.
        if (stored == shared_tier::done::yes) kept->tracked = true;
        if (stored == shared_tier::done::no) ++in.refused;
        if (stored == shared_tier::done::unreachable) ++in.redis_failures;
    };
    filling f{std::string{key_.text()}, token_, ttl, std::move(bytes)};
    core_->in_background(send(core_, in_, std::move(r), std::move(f)));
}

}  // namespace larder::detail
