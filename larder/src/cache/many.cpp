// SPDX-License-Identifier: MIT
// get_many() and get_or_load_many(): each key has its own flight and its own fetch, and all fetches run together
// (fetch_all.hpp), with one pipeline to Redis and one call of the loader.
// Invariant: a flight that was started here is finished when the call ends, however it ends (flights_guard).
// Start at cache::fetch_many() and cache::peek_many().
#include <numeric>

#include "fetch_all.hpp"
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

/// Loads these of the keys.
asio::awaitable<std::vector<std::shared_ptr<detail::record>>> load_places(const detail::load_function& by,
                                                                          std::vector<std::size_t> places)
{
    co_return co_await by(places);
}

/// Loads one key with the loader for several keys.
class one_of_many final : public detail::loader {
 public:
    one_of_many(const detail::load_function& by, std::size_t place) : by_{by}, place_{place} {}
    asio::awaitable<std::shared_ptr<detail::record>> load() override
    {
        const std::array<std::size_t, 1> which{place_};
        auto values = co_await by_(which);
        if (values.size() != 1) throw std::length_error{"the loader returned the wrong number of values"};
        co_return std::move(values[0]);
    }

 private:
    const detail::load_function& by_;
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
    detail::question q;
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

/// Starts flights for those of the keys that no other caller is fetching, and adds their parts; null keys are left out.
/// Sets `all` to the flights to wait for, new and joined ones.
static void start(const std::shared_ptr<cache::core>& c, const std::vector<const entry_key*>& keys,
                  const detail::value_type& t, std::vector<part>& parts,
                  std::vector<std::shared_ptr<detail::flight>>& all)
{
    const std::string token = c->shared ? detail::random_token() : std::string{};
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (keys[i] == nullptr) continue;
        const auto& k = *keys[i];
        auto slot = c->join_or_start_flight(k);
        all[i] = slot.in;
        if (!slot.leads) continue;
        auto& p = parts.emplace_back(part{i, slot.in, nullptr});
        // If an earlier flight ended between the lookup in L1 and the start of this one, its value is in L1 now.
        const auto look = [&]() -> std::shared_ptr<const detail::record> {
            auto r = c->local.get(k.text());
            return r != nullptr && c->judge(*r, k.region().options(), c->now()) <= detail::verdict::early ? r : nullptr;
        };
        if (c->flights.finish_with_held(*slot.in, look)) continue;
        detail::fetch_start how{
            .held = c->usable_on_failure(k), .token = token, .overtaken = std::move(slot.overtaken)};
        p.work = std::make_unique<detail::fetch>(c, slot.in, k, t, std::move(how));
    }
}

asio::awaitable<std::vector<cache::found>> cache::fetch_many(const std::vector<const entry_key*>& keys,
                                                             const detail::value_type& t, const batch_loader& by)
{
    const auto c = core_;
    if (c->closing) co_return co_await bypass_many(keys.size(), by);
    const auto call = c->call();
    std::vector<found> out(keys.size());
    std::vector<const entry_key*> missing = keys;  // null: L1 has the value
    for (std::size_t i = 0; i < keys.size(); ++i) {
        out[i] = find_local_fresh(*keys[i]);
        if (out[i].value != nullptr) missing[i] = nullptr;
    }
    std::vector<std::shared_ptr<detail::flight>> all(keys.size());
    std::vector<part> parts;
    const flights_guard at_the_end{c->flights, parts};
    start(c, missing, t, parts, all);
    std::vector<detail::fetch*> work;
    std::vector<std::size_t> places;
    for (const auto& p : parts) {
        if (p.work == nullptr) continue;
        work.push_back(p.work.get());
        places.push_back(p.place);
    }
    auto load = [&](std::span<const std::size_t> which) {
        std::vector<std::size_t> of_keys;
        for (const auto i : which) of_keys.push_back(places[i]);
        return load_places(by, std::move(of_keys));
    };
    const detail::load_function load_these = load;
    co_await detail::run(*c, work, load_these);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (missing[i] == nullptr) continue;
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
