// SPDX-License-Identifier: MIT
// The steps of a fetch; the header states the invariants. run() is the whole path: sample() the tags, ask_redis() with
// take() and read() for the reply, load() with loaded() or failed(), and publish() to Redis in the background.
#include "fetch.hpp"

#include <boost/asio/cancellation_state.hpp>

#include "loading_executor.hpp"
#include "test_points.hpp"

namespace larder::detail {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using state = acquire_answer::state;
using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {

constexpr std::int64_t any_time = 99'999'999'999'999;
constexpr auto longest_pause = 50ms;  // between two polls of an entry that another process is loading

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

}  // namespace

fetch::fetch(std::shared_ptr<cache::core> c, std::shared_ptr<flight> f, const entry_key& k, const value_type& t,
             std::shared_ptr<const record> held)
    : fetch{std::move(c), std::move(f), k, t, std::move(held), {}}
{}

fetch::fetch(std::shared_ptr<cache::core> c, std::shared_ptr<flight> f, const entry_key& k, const value_type& t,
             std::shared_ptr<const record> held, const std::string& token)
    : core_{std::move(c)},
      flight_{std::move(f)},
      key_{k},
      type_{t},
      in_{core_->regions.of(k.region())},
      options_{k.region().options()},
      slots_{core_->slots_of(k, in_)},
      held_{std::move(held)},
      old_{held_},
      token_{token},
      redis_{core_->shared.has_value() && !pending()}
{
    if (redis_ && token_.empty()) token_ = random_token();
    if (old_ != nullptr) replace(*old_);
}

void fetch::replace(const record& r)
{
    if (r.created == 0) return;
    mode_ = acquire_mode::refresh;
    known_ = r.created;
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

/// Returns whether the load ends at the soft time-out with the old copy. Only loads that belong to their caller do.
bool fetch::caller_stops_early() const
{
    return !outlives_caller_ && options_.load.soft_timeout > 0ms && old_may_serve();
}

/// Serves the old copy. Callers do not try to load the entry again before `retry_at`.
void fetch::finish_with_stale(boot_time retry_at, fetched how)
{
    old_->retry_at = retry_at;
    if (old_ != held_) keep(old_);  // held_ is in L1 already
    finish(old_, how);
}

bool fetch::pending() const
{
    if (core_->pending.size() == 0) return false;
    if (core_->pending.holds(std::string{key_.text()})) return true;
    return std::any_of(slots_.begin(), slots_.end(),
                       [&](const auto& s) { return core_->pending.holds(shared_tier::key_of_tag(s->text)); });
}

void fetch::sample()
{
    flight_->asked = true;
    stamps_.clear();
    for (const auto& s : slots_) stamps_.push_back({s, s->number.load(std::memory_order_acquire)});
    core_->flights.sampled(*flight_, stamps_, redis_ ? token_ : std::string{});
    if (!core_->shared) generation_ = core_->freshness.generation();
}

asio::awaitable<void> fetch::run(loader& by)
{
    sample();
    if (redis_) {
        const bool finished = co_await ask_redis();
        if (finished) co_return;
    }
    co_await load(by);
}

acquire_question fetch::question() const
{
    return {std::string{key_.text()}, mode_, known_, overtaken_, &flight_->channel};
}

std::vector<tag_question> fetch::tag_questions()
{
    // A version that was read recently is good enough: the value then counts as confirmed only as of that read.
    const auto since = options_.strict ? boot_time::max() : core_->now() - core_->options.bound / 2;
    const auto keep = 2 * (life(false) + grace(options_) + 1min);
    std::vector<tag_question> out;
    stamps_.clear();
    versions_.resize(slots_.size());
    asked_slots_.clear();
    tags_confirmed_as_of_ = boot_time::max();
    questioned_ = core_->freshness.generation();
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        const auto known = slots_[i]->known_since(since, questioned_);
        stamps_.push_back({slots_[i], known ? known->number : 0});
        if (known) {
            versions_[i] = known->version;
            tags_confirmed_as_of_ = std::min(tags_confirmed_as_of_, known->confirmed_as_of);
        } else {
            asked_slots_.push_back(i);
            out.push_back({slots_[i]->text, duration_cast<milliseconds>(keep)});
        }
    }
    return out;
}

void fetch::take_tags(std::span<const std::optional<tag_version>> tags, boot_time asked)
{
    // The generation has ended since tag_questions(), so changes of the cached versions are not reported any more.
    if (generation_ != questioned_)
        for (auto& s : stamps_) s.number = 0;
    for (std::size_t i = 0; i < asked_slots_.size(); ++i) {
        if (!tags[i]) continue;
        const auto place = asked_slots_[i];
        versions_[place] = *tags[i];
        const tag_slot::knowledge latest{*tags[i], asked, confirmed_as_of_, generation_, channel_};
        stamps_[place].number = slots_[place]->learn(latest, pushes_).value_or(0);  // 0: never valid
    }
    core_->flights.sampled(*flight_, stamps_, redis_ ? token_ : std::string{});
}

fetch::copy fetch::read(const acquire_answer& a, boot_time asked, std::shared_ptr<record>& out)
{
    if (a.bytes.empty()) return copy::none;
    envelope e;
    e.key = key_.text();
    e.schema = type_.schema;
    switch (unpack(a.bytes, options_.size.max_bytes, e)) {
        case unpacked::corrupt:
            return copy::corrupt;
        case unpacked::another_schema:
            return copy::another_schema;
        case unpacked::good:
            break;
    }
    out = type_.decode(e.payload);
    if (out == nullptr) return copy::corrupt;
    out->created = e.created;
    out->cost = e.cost;
    out->negative = e.negative;
    out->loaded_at = asked - capped_milliseconds{a.now - e.created};
    out->fresh_until = asked + a.fresh_left;
    out->stale_until = asked + a.stale_left;
    out->confirmed_until = core_->confirmed_until(std::min(confirmed_as_of_, tags_confirmed_as_of_));
    out->generation = generation_;
    out->channel = channel_;
    out->tracked = true;
    out->tags = stamps_;
    if (e.tags != versions_ || !still_valid(stamps_)) return copy::invalid;
    return core_->is_confirmed(*out, core_->now()) ? copy::good : copy::unconfirmed;
}

void fetch::set_context(const shared_tier::answers& got)
{
    epoch_ = got.epoch;
    generation_ = got.generation;
    channel_ = got.channel;
    pushes_ = got.pushes;
    confirmed_as_of_ = got.confirmed_as_of;
}

fetch::next fetch::take(acquire_answer a, std::span<const std::optional<tag_version>> tags, boot_time asked)
{
    if (a.what == state::unreachable) {
        ++in_.redis_failures;
        redis_ = false;
        perhaps_leased_ = true;  // only the reply may have been lost, and the lease granted
        release_lease(0ms);
        sample();
        return next::load;
    }
    take_tags(tags, asked);
    redis_now_ = a.now;
    leased_ = a.what == state::granted;
    lease_left_ = a.lease_left;
    std::shared_ptr<record> found;
    const copy c = read(a, asked, found);
    if (c == copy::unconfirmed) old_ = found;  // served only if the load fails and the region allows it
    if (c == copy::good) {
        if (a.what == state::hit) {
            finish(std::move(found), fetched::shared);
            return next::finished;
        }
        old_ = found;
        if (outlives_caller_ && options_.load.soft_timeout > 0ms) keep(old_);  // for callers at their soft time-out
    }
    if (c == copy::corrupt || a.what == state::foreign) ++in_.corrupt;
    if (c == copy::another_schema) {
        release_lease(0ms);
        return next::load;
    }
    const bool no_good = c == copy::corrupt || c == copy::invalid || c == copy::unconfirmed;
    if (no_good && !leased_ && !std::exchange(asked_twice_, true)) {
        mode_ = acquire_mode::replace;
        known_ = c == copy::corrupt ? any_time : found->created;
        return next::ask_again;
    }
    // Judged by the current time, not by `asked`: the reply may have taken long, and readers have joined since then.
    if (a.what == state::throttled && old_may_serve()) {
        finish_with_stale(asked + a.lease_left, fetched::stale);
        return next::finished;
    }
    if (a.what != state::busy) return next::load;
    if (c == copy::good && asked < old_->fresh_until + options_.stale.while_revalidate) {
        finish(old_, asked < old_->fresh_until ? fetched::shared : fetched::stale);
        return next::finished;
    }
    return next::wait;
}

std::shared_ptr<const record> fetch::peeked(acquire_answer a, std::span<const std::optional<tag_version>> tags,
                                            boot_time asked)
{
    std::shared_ptr<record> r;
    copy c = copy::none;
    if (a.what == state::unreachable) {
        ++in_.redis_failures;
    } else {
        take_tags(tags, asked);
        c = read(a, asked, r);
        if (c == copy::corrupt || a.what == state::foreign) ++in_.corrupt;
    }
    const bool good = c == copy::good && a.what == state::hit;
    finish(good ? r : nullptr, good ? fetched::shared : fetched::nothing);
    return good ? r : nullptr;
}

asio::awaitable<bool> fetch::ask_redis()
{
    for (;;) {
        std::vector<acquire_question> entries(1, question());
        auto tags = tag_questions();
        const auto asked = core_->now();
        auto got = co_await core_->shared->ask(std::move(entries), std::move(tags), token_, core_->options.lease);
        if constexpr (test_points) co_await reach(step::answered, core_->options.time);
        set_context(got);
        const auto what = take(std::move(got.entries[0]), got.tags, asked);
        if (what == next::finished || what == next::load) co_return what == next::finished;
        if (what == next::ask_again) continue;
        // Another process is loading the entry. Wait no longer than its lease was to last at the first reply.
        const auto now = std::chrono::steady_clock::now();
        if (wait_until_ == steady_time{}) {
            wait_until_ = now + lease_left_;
            if (caller_stops_early())
                wait_until_ = now + std::min<milliseconds>(lease_left_, options_.load.soft_timeout);
        }
        if (now >= wait_until_) {
            if (old_may_serve()) {
                finish(old_, fetched::stale);
                co_return true;
            }
            co_return false;
        }
        const auto pause =
            std::min({steady_time::duration{pause_}, steady_time::duration{lease_left_}, wait_until_ - now});
        co_await sleep_for(pause);
        pause_ = std::min<milliseconds>(2 * pause_, longest_pause);
    }
}

asio::awaitable<void> fetch::watch(steady_time until)
{
    const auto third = core_->options.lease / 3;
    for (auto now = std::chrono::steady_clock::now(); now < until; now = std::chrono::steady_clock::now()) {
        co_await sleep_for(std::min<steady_time::duration>(until - now, third));
        if (leased_ && std::chrono::steady_clock::now() < until)
            co_await core_->shared->renew(key_.text(), token_, core_->options.lease);
    }
}

asio::awaitable<void> fetch::load(loader& by)
{
    const auto& time = options_.load;
    const auto limit = caller_stops_early() ? std::min(time.soft_timeout, time.hard_timeout) : time.hard_timeout;
    std::exception_ptr failure;
    try {
        const auto until = std::chrono::steady_clock::now() + limit;
        const bulkhead::place place = co_await core_->places_for(in_).enter(until);
        if (!place) throw boost::system::system_error{make_error_code(errc::overloaded)};
        const auto began = core_->now();
        const auto inside = loading_executor::on(co_await asio::this_coro::executor);
        auto value = co_await race(inside, by.load(), watch(until));
        if constexpr (test_points) co_await reach(step::loaded, core_->options.time);
        loaded(std::move(value), began);
        co_return;
    } catch (...) {
        failure = std::current_exception();
    }
    const auto cancelled = co_await asio::this_coro::cancellation_state;
    if (cancelled.cancelled() != asio::cancellation_type::none) {
        release_lease(0ms);
        std::rethrow_exception(failure);
    }
    failed(failure);
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
    r.tags = stamps_;
    r.generation = generation_;
    r.channel = channel_;
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
    if (leased_) type_.encode(*value, payload);
    const std::size_t size = leased_ ? payload.size() : type_.weigh(*value);
    if (size > options_.size.max_bytes) ++in_.oversized;
    const bool wanted = value->storable && life(value->negative) > 0ms && size <= options_.size.max_bytes;
    const bool valid = keep(wanted ? value : nullptr);
    if (!valid) ++in_.refused;
    finish(value, wanted && valid ? fetched::loaded : fetched::refused);
    if (wanted && valid) {
        publish(value, std::move(payload));
    } else {
        release_lease(0ms);
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
        const auto got = co_await core_->shared->ask(std::move(entries), std::move(tags), token_, core_->options.lease);
        if (got.entries[0].what == state::unreachable) co_return false;
        set_context(got);
        take_tags(got.tags, asked);
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
        release_lease(0ms);
        core_->flights.finish(*flight_, nullptr, fetched::nothing, std::move(why));
        return;
    }
    finish_with_stale(now + options_.stale.retry_after,
                      now < std::min(old_->fresh_until, old_->confirmed_until) ? fetched::local : fetched::stale);
    release_lease(options_.stale.retry_after);
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
    e.tags = versions_;
    e.payload = std::move(payload);
    return pack(e, epoch_, options_.size.compress_above);
}

void fetch::publish(std::shared_ptr<const record> r, std::string payload)
{
    if (!leased_) return;
    leased_ = false;
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

void fetch::release_lease(milliseconds retry_after)
{
    if (!leased_ && !perhaps_leased_) return;
    leased_ = perhaps_leased_ = false;
    auto send = [](std::shared_ptr<cache::core> c, std::string key, std::string token,
                   milliseconds pause) -> asio::awaitable<void> { co_await c->shared->release(key, token, pause); };
    core_->in_background(send(core_, std::string{key_.text()}, token_, retry_after));
}

}  // namespace larder::detail
