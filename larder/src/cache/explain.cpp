// SPDX-License-Identifier: MIT
// cache_inspector::explain(): reports for one key what L1 and Redis hold, and whether a read would be a hit, without
// running the loader or storing an entry. Start at cache_inspector::explain(); verdict_on() forms the sentence for
// people.
#include <larder/cache/inspector.hpp>

#include "core.hpp"

namespace larder {

namespace asio = boost::asio;
using detail::verdict;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

namespace {

std::string word(verdict v)
{
    switch (v) {
        case verdict::fresh:
        case verdict::early:
            return "fresh";
        case verdict::stale:
        case verdict::expired:
            return "stale";
        case verdict::unconfirmed:
            return "unproven";
        case verdict::invalid:
            break;
    }
    return "invalid";
}

using slots = std::vector<std::shared_ptr<detail::tag_slot>>;

void explain_shared(explanation& out, const detail::acquire_answer& a,
                    const std::vector<std::optional<detail::tag_version>>& tags, const slots& carried,
                    std::size_t max_bytes)
{
    using state = detail::acquire_answer::state;
    out.lease_ms = a.lease_left.count();
    out.shared_ttl_ms = a.fresh_left.count();
    if (a.what == state::unreachable || a.what == state::foreign) {
        out.shared = a.what == state::foreign ? "foreign" : "unreachable";
        return;
    }
    out.shared = a.lease_left.count() > 0 ? "loading" : "absent";
    if (a.bytes.empty()) return;
    detail::envelope e;
    e.key = out.key;
    if (detail::unpack(a.bytes, max_bytes, e) == detail::unpacked::corrupt) {
        out.shared = "corrupt";
        return;
    }
    for (std::size_t i = 0; i < carried.size(); ++i)
        if (i >= e.tags.size() || !tags[i] || e.tags[i] != *tags[i]) out.invalid_tags.push_back(carried[i]->text);
    out.shared = !out.invalid_tags.empty() ? "invalid" : a.what == state::hit ? "fresh" : "stale";
}

std::string verdict_on(const explanation& e)
{
    if (e.local == "fresh") return "A hit in L1.";
    if (e.shared == "fresh") return "A hit in Redis; the read may copy the entry to L1.";
    if (e.local == "stale" || e.shared == "stale")
        return "A miss: the TTL has expired. The region may allow the stale value to be served.";
    if (e.shared == "loading") return "A miss: the entry is being loaded.";
    if (e.local == "invalid" || e.shared == "invalid") return "A miss: a tag of the entry was invalidated.";
    if (e.shared == "corrupt" || e.shared == "foreign") return "A miss: the Redis key holds no valid cache entry.";
    if (e.shared == "unreachable")
        return "A miss: Redis does not answer, and L1 has no copy that is confirmed to be fresh.";
    return "A miss: there is no entry.";
}

asio::awaitable<explanation> explain(std::shared_ptr<cache::core> c, entry_key k)
{
    const auto call = c->call();
    explanation out;
    out.key = k.text();
    out.region = k.region().pattern();
    out.local = "absent";
    out.shared = c->shared ? "unreachable" : "none";
    const auto& options = k.region().options();
    const auto now = c->now();
    if (const auto r = c->local.get(k.text())) {
        out.local = word(c->judge(*r, options, now));
        out.local_ttl_ms = duration_cast<milliseconds>(std::min(r->fresh_until, r->confirmed_until) - now).count();
        for (const auto& t : r->tags)
            if (t.slot->number != t.number) out.invalid_tags.push_back(t.slot->text);
    }
    if (c->shared) {
        const auto carried = c->slots_of(k, c->regions.of(k.region()));
        std::vector<detail::acquire_question> entries(1);
        entries[0].key = k.text();
        entries[0].what = detail::acquire_mode::peek;
        std::vector<detail::tag_question> tags;
        for (const auto& s : carried) tags.push_back({s->text, std::chrono::hours{1}});
        auto got =
            co_await c->shared->read(std::move(entries), std::move(tags), detail::random_token(), c->options.lease);
        out.invalid_tags.clear();
        explain_shared(out, got.entries[0], got.tags, carried, options.size.max_bytes);
    }
    out.verdict = verdict_on(out);
    co_return out;
}

}  // namespace

asio::awaitable<explanation> cache_inspector::explain(entry_key k) const
{
    return larder::explain(cache_.core_, std::move(k));
}

}  // namespace larder
