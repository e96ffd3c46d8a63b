// SPDX-License-Identifier: MIT
// get_many() and get_or_load_many(): one pipeline to Redis for the keys that are not in L1, and one call of the loader
// for those that are not in Redis either.
// Each key has its own flight and its own fetch (a `part`), and the parts go through the steps of a fetch together.
// Invariant: a flight that was started here is finished when the call ends, however it ends (flights_guard).
// Start at cache::fetch_many() and cache::peek_many().
#include <map>
#include <numeric>

#include "fetch.hpp"
#include "loading_executor.hpp"

namespace larder {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using detail::fetched;

namespace {

/// One of the keys that L1 does not have.
struct part {
    std::size_t place;  ///< among the keys
    std::shared_ptr<detail::flight> flight;
    std::unique_ptr<detail::fetch> work;
};

/// Abandons the flights that are not finished when the coroutine ends.
class flights_guard {
 public:
    flights_guard(detail::flight_table& t, std::vector<part>& p) : table_{t}, parts_{p} {}
    flights_guard(const flights_guard&) = delete;
    flights_guard& operator=(const flights_guard&) = delete;
    ~flights_guard()
    {
        for (auto& p : parts_) table_.finish(*p.flight, nullptr, fetched::nothing);
    }

 private:
    detail::flight_table& table_;
    std::vector<part>& parts_;
};

/// A question to Redis about several keys, which reads each tag only once.
class question {
 public:
    void add(detail::fetch& f, detail::acquire_question q)
    {
        entries_.push_back(std::move(q));
        auto& places = tag_places_.emplace_back();
        for (auto& t : f.tag_questions()) {
            const auto [it, fresh] = known_.try_emplace(t.tag, tags_.size());
            places.push_back(it->second);
            if (fresh) tags_.push_back(std::move(t));
        }
    }
    asio::awaitable<void> ask(detail::shared_tier& redis, std::string_view token, std::chrono::milliseconds lease)
    {
        got_ = co_await redis.read(entries_, tags_, token, lease);
    }
    const detail::reply_context& context() const { return got_.context; }
    detail::acquire_answer& entry(std::size_t i) { return got_.entries[i]; }
    std::vector<std::optional<detail::tag_version>> tags(std::size_t i) const
    {
        std::vector<std::optional<detail::tag_version>> out;
        for (const auto place : tag_places_[i]) out.push_back(got_.tags[place]);
        return out;
    }

 private:
    std::vector<detail::acquire_question> entries_;
    std::vector<detail::tag_question> tags_;
    std::vector<std::vector<std::size_t>> tag_places_;
    std::map<std::string, std::size_t> known_;
    detail::shared_tier::answers got_;
};

/// Asks Redis about all parts that are asking; a part may need to ask twice.
asio::awaitable<void> ask(cache::core& c, std::vector<part>& parts)
{
    for (int round = 0; round < 2; ++round) {
        question q;
        std::vector<part*> asking;
        for (auto& p : parts) {
            if (p.work->state() != detail::fetch_state::asking) continue;
            q.add(*p.work, p.work->question());
            asking.push_back(&p);
        }
        if (asking.empty()) co_return;
        const auto asked = c.now();
        co_await q.ask(*c.shared, asking[0]->work->token(), c.options.lease);
        for (std::size_t i = 0; i < asking.size(); ++i) {
            const auto tags = q.tags(i);
            asking[i]->work->take(std::move(q.entry(i)), tags, q.context(), asked);
        }
    }
}

/// Loads all missing parts with one call of the loader.
template <class Load>
asio::awaitable<void> load(cache::core& c, std::vector<part*> missing, Load& by, const region_base& in)
{
    const auto& o = in.options();
    std::vector<std::size_t> which;
    for (const auto* p : missing) which.push_back(p->place);
    std::exception_ptr failure;
    try {
        const auto until = std::chrono::steady_clock::now() + o.load.hard_timeout;
        const detail::bulkhead::place place = co_await c.places_for(c.regions.of(in)).enter(until);
        if (!place) throw boost::system::system_error{make_error_code(errc::overloaded)};
        const auto began = c.now();
        const auto inside = detail::loading_executor::on(co_await asio::this_coro::executor);
        auto values = co_await detail::race(inside, by(which), sleep_for(o.load.hard_timeout));
        if (values.size() != missing.size()) throw std::length_error{"the loader returned the wrong number of values"};
        for (std::size_t i = 0; i < missing.size(); ++i) missing[i]->work->loaded(std::move(values[i]), began);
        co_return;
    } catch (...) {
        failure = std::current_exception();
    }
    for (auto* p : missing) p->work->failed(failure);
    const auto cancelled = co_await asio::this_coro::cancellation_state;
    if (cancelled.cancelled() != asio::cancellation_type::none) std::rethrow_exception(failure);
}

/// Loads one key with the loader for several keys.
template <class Load>
class one_of_many final : public detail::loader {
 public:
    one_of_many(Load& by, std::size_t place) : by_{by}, place_{place} {}
    asio::awaitable<std::shared_ptr<detail::record>> load() override
    {
        const std::array<std::size_t, 1> which{place_};
        auto values = co_await by_(which);
        if (values.size() != 1) throw std::length_error{"the loader returned the wrong number of values"};
        co_return std::move(values[0]);
    }

 private:
    Load& by_;
    std::size_t place_;
};

}  // namespace

asio::awaitable<cache::found> cache::peek(const entry_key& k, const detail::value_type& t)
{
    const std::vector<const entry_key*> keys{&k};
    auto all = co_await peek_many(keys, t);
    co_return std::move(all[0]);
}

asio::awaitable<std::vector<cache::found>> cache::peek_many(const std::vector<const entry_key*>& keys,
                                                            const detail::value_type& t)
{
    const auto c = core_;
    const auto call = c->call();
    std::vector<found> out(keys.size());
    std::vector<part> parts;
    const flights_guard at_the_end{c->flights, parts};
    const std::string token = detail::random_token();
    for (std::size_t i = 0; i < keys.size(); ++i) {
        out[i] = find_local_fresh(*keys[i]);
        if (out[i].value != nullptr || !c->shared || c->closing) continue;
        auto slot = c->join_or_start_flight(*keys[i]);
        if (!slot.leads) {  // peek does not wait for a running load, and what it reads beside one is not kept
            slot.in = std::make_shared<detail::flight>(keys[i]->text(), c->now());
            slot.in->attached = false;
        }
        auto work = std::make_unique<detail::fetch>(c, slot.in, *keys[i], t, detail::fetch_start{.token = token});
        if (work->uses_redis()) {
            parts.push_back({i, slot.in, std::move(work)});
        } else {
            c->flights.finish(*slot.in, nullptr, fetched::nothing);
        }
    }
    if (parts.empty()) co_return out;
    question q;
    for (auto& p : parts) {
        auto one = p.work->question();
        one.what = detail::acquire_mode::peek;
        q.add(*p.work, std::move(one));
    }
    const auto asked = c->now();
    co_await q.ask(*c->shared, parts[0].work->token(), c->options.lease);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto tags = q.tags(i);
        auto& f = out[parts[i].place];
        f.value = parts[i].work->peeked(std::move(q.entry(i)), tags, q.context(), asked);
        if (f.value != nullptr) f.status = cache_status::hit_shared;
        count(*keys[parts[i].place], f);
    }
    co_return out;
}

/// Starts flights for those of the keys `which` that no other caller is fetching, and returns their parts. Sets `all`
/// to the flights to wait for, new and joined ones.
static std::vector<part> start(const std::shared_ptr<cache::core>& c, const std::vector<const entry_key*>& keys,
                               const detail::value_type& t, const std::vector<std::size_t>& which,
                               std::vector<std::shared_ptr<detail::flight>>& all)
{
    std::vector<part> parts;
    const std::string token = c->shared ? detail::random_token() : std::string{};
    for (const auto i : which) {
        auto slot = c->join_or_start_flight(*keys[i]);
        all[i] = slot.in;
        if (!slot.leads) continue;
        detail::fetch_start how{
            .held = c->usable_on_failure(*keys[i]), .token = token, .overtaken = std::move(slot.overtaken)};
        parts.push_back({i, slot.in, std::make_unique<detail::fetch>(c, slot.in, *keys[i], t, std::move(how))});
        parts.back().work->sample();
    }
    return parts;
}

asio::awaitable<std::vector<cache::found>> cache::fetch_many(const std::vector<const entry_key*>& keys,
                                                             const detail::value_type& t, const batch_loader& by)
{
    using detail::fetch_state;
    const auto c = core_;
    if (c->closing) co_return co_await bypass_many(keys.size(), by);
    const auto call = c->call();
    std::vector<found> out(keys.size());
    std::vector<std::size_t> which;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        out[i] = find_local_fresh(*keys[i]);
        if (out[i].value == nullptr) which.push_back(i);
    }
    std::vector<std::shared_ptr<detail::flight>> all(keys.size());
    std::vector<part> parts = start(c, keys, t, which, all);
    const flights_guard at_the_end{c->flights, parts};
    for (auto& p : parts) {
        // If an earlier flight ended between the lookup in L1 and the start of this one, its value is in L1 now.
        const auto& k = *keys[p.place];
        const auto look = [&]() -> std::shared_ptr<const detail::record> {
            auto r = c->local.get(k.text());
            return r != nullptr && c->judge(*r, k.region().options(), c->now()) <= detail::verdict::early ? r : nullptr;
        };
        if (c->flights.finish_with_held(*p.flight, look)) p.work->end();
    }
    co_await ask(*c, parts);
    std::vector<part*> missing;
    for (auto& p : parts)
        if (p.work->state() == fetch_state::loading) missing.push_back(&p);
    if (!missing.empty()) co_await load(*c, missing, by, keys[missing[0]->place]->region());
    for (auto& p : parts) {  // keys that another process is loading
        one_of_many one{by, p.place};
        if (p.work->state() != fetch_state::finished) p.work->ask_again(), co_await p.work->run(one);
    }
    for (const auto i : which) {
        const bool own = std::any_of(parts.begin(), parts.end(), [&](const part& p) { return p.place == i; });
        auto got = co_await await_flight(all[i], *keys[i], own);
        one_of_many one{by, i};
        if (got) {
            count(*keys[i], *got);
        } else {
            got = co_await fetch(*keys[i], t, one, false);
        }
        out[i] = *std::move(got);
    }
    co_return out;
}

asio::awaitable<std::vector<cache::found>> cache::bypass_many(std::size_t n, const batch_loader& by)
{
    std::vector<std::size_t> which(n);
    std::iota(which.begin(), which.end(), std::size_t{0});
    auto values = co_await by(which);
    if (values.size() != n) throw std::length_error{"the loader returned the wrong number of values"};
    std::vector<found> out;
    for (auto& v : values) out.push_back({std::move(v), cache_status::bypassed});
    co_return out;
}

}  // namespace larder
