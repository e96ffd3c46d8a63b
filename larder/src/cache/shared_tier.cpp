// SPDX-License-Identifier: MIT
// L2: composes the pipelines and script calls, and parses their replies. What a reply depends on is captured before the
// question is sent: epoch and generation for reads, the number of changes for heartbeats and deletions.
// Start at read() for reads, heartbeat() for epochs, and begin_pass() for relays.
#include "shared_tier.hpp"

#include <openssl/rand.h>

#include <larder/hex.hpp>
#include <larder/redis/scan.hpp>
#include <set>
#include <stdexcept>

#include "scripts.hpp"

namespace larder::detail {
namespace {

using state = acquire_answer::state;

std::string_view word(acquire_mode w) noexcept
{
    switch (w) {
        case acquire_mode::load:
            return "load";
        case acquire_mode::refresh:
            return "refresh";
        case acquire_mode::replace:
            return "replace";
        case acquire_mode::peek:
            break;
    }
    return "peek";
}

state read_state(std::string_view text) noexcept
{
    constexpr std::pair<std::string_view, state> states[] = {{"hit", state::hit},   {"granted", state::granted},
                                                             {"busy", state::busy}, {"throttled", state::throttled},
                                                             {"miss", state::miss}, {"foreign", state::foreign}};
    for (const auto& [name, s] : states)
        if (text == name) return s;
    return state::unreachable;
}

bool read_answer(const resp::value& v, acquire_answer& out)
{
    if (!v.is_aggregate() || v.size() != 6) return false;
    const auto ms = [&](std::size_t i) { return capped_milliseconds{v.child(i).integer().value_or(0)}; };
    out.what = read_state(v.child(3).text());
    out.bytes.clear();
    if (!v.child(0).is_null() && v.child(0).integer() != 0) out.bytes = v.child(0).text();
    out.fresh_left = ms(1);
    out.stale_left = ms(2);
    out.lease_left = ms(4);
    out.now = v.child(5).integer().value_or(0);  // a time, not a duration
    return true;
}

constexpr std::chrono::milliseconds turn{1500};  // a relay that ends no pass for so long loses its turn
constexpr redis::exec_options relay_deadline{std::chrono::milliseconds{1000}};

/// Adds a script call: by hash, or by text for a server that does not have the script.
template <class... Arguments>
void add_script(redis::request& to, const redis::script& s, bool by_text, const Arguments&... arguments)
{
    to.add(by_text ? "EVAL" : "EVALSHA", by_text ? s.text() : s.sha1(), 1, arguments...);
}

}  // namespace

std::string random_token()
{
    std::array<unsigned char, 16> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
        throw std::runtime_error{"no random bytes from OpenSSL"};
    return to_hex(bytes);
}

boost::asio::awaitable<void> shared_tier::read_once(answers& out, const std::vector<acquire_question>& entries,
                                                    const std::vector<tag_question>& tags, std::string_view token,
                                                    std::chrono::milliseconds lease)
{
    bool script_lost = false;
    auto parse = [&](std::size_t i, const resp::value& v) {
        if (i == 0) {
            out.context.channel = this_channel();
            out.context.pushes = freshness_.pushes();
        }
        if (i < entries.size() && entries[i].channel != nullptr) *entries[i].channel = this_channel();
        if (v.is_error()) {
            script_lost = script_lost || v.text().starts_with("NOSCRIPT");
        } else if (i < entries.size()) {
            read_answer(v, out.entries[i]);
        } else if (i - entries.size() < tags.size() && v.text().size() == std::tuple_size_v<tag_version>) {
            v.text().copy(out.tags[i - entries.size()].emplace().data(), std::tuple_size_v<tag_version>);
        }
    };
    for (const bool by_text : {false, true}) {
        out.forget();
        redis::request all;
        for (const auto& e : entries)
            add_script(all, lua::acquire, by_text, e.key, out.context.epoch, token, lease.count(), word(e.what),
                       e.known, e.overtaken);
        for (const auto& t : tags)
            add_script(all, lua::tag, by_text, key_of_tag(t.tag), random_token(), t.keep.count());
        all.idempotent();
        co_await client_.visit(std::move(all), parse, in_time());
        if (!std::exchange(script_lost, false)) break;
    }
}

boost::asio::awaitable<shared_tier::answers> shared_tier::read(std::vector<acquire_question> entries,
                                                               std::vector<tag_question> tags, std::string_view token,
                                                               std::chrono::milliseconds lease)
{
    answers out;
    reply_context& from = out.context;
    out.entries.resize(entries.size());
    out.tags.resize(tags.size());
    // A reply on a connection that has not answered a heartbeat yet may be from another server, or from the same one
    // after a restart. Then the question is repeated after a heartbeat.
    const auto end = std::chrono::steady_clock::now() + options_.deadline;
    do {
        const auto before = freshness_.changes();
        from.epoch = epoch();
        from.generation = freshness_.generation();
        from.confirmed_as_of = relayed() ? freshness_.fresh_as_of() : options_.now();
        if (!from.epoch.empty()) {
            from.channel = -1;
            co_await read_once(out, entries, tags, token, lease);
            if (from.channel < 0 || has_answered_heartbeat(from.channel, from.epoch)) co_return out;
        }
        const bool answered = co_await heartbeat(options_.deadline);
        if (!answered && freshness_.changes() == before) break;
    } while (std::chrono::steady_clock::now() < end);
    out.forget();
    co_return out;
}

std::string shared_tier::epoch() const
{
    const std::lock_guard lock{mutex_};
    return epoch_;
}

bool shared_tier::has_answered_heartbeat(int channel, const std::string& epoch) const
{
    if (!options_.has_epochs) return true;
    const std::lock_guard lock{mutex_};
    return heartbeat_epochs_[static_cast<std::size_t>(channel)] == epoch;
}

void shared_tier::forget_epoch()
{
    if (!options_.has_epochs) return;
    const std::lock_guard lock{mutex_};
    epoch_.clear();
    heartbeat_epochs_.fill({});
}

boost::asio::awaitable<bool> shared_tier::heartbeat(std::chrono::milliseconds deadline)
{
    if (!options_.has_epochs) co_return true;
    const auto sent = freshness_.begin_heartbeat(options_.now());
    std::vector<std::string> heartbeat;
    std::size_t channel = freshness::most_channels;
    auto parse = [&](std::size_t, const resp::value& v) {
        if (!v.is_aggregate()) return;
        channel = static_cast<std::size_t>(this_channel());
        for (std::size_t i = 0; i < v.size(); ++i) heartbeat.emplace_back(v.child(i).text());
    };
    const std::string fresh = relayed() ? "" : random_token().substr(0, first_epoch.size());
    co_await client_.visit(lua::heartbeat(std::array{epoch_key, watermark_key}, fresh), parse, {deadline});
    // If something has changed since the heartbeat was sent, the reply may be from a connection that is lost.
    if (channel == freshness::most_channels || freshness_.changes() != sent.changes) co_return false;
    const bool known = heartbeat.size() == 3 && heartbeat[0].size() == first_epoch.size();
    bool another = false;
    {
        const std::lock_guard lock{mutex_};
        epoch_ = known ? heartbeat[0] : "";
        another = !latest_.empty() && latest_ != epoch_;
        if (another) heartbeat_epochs_.fill({});
        latest_ = epoch_;
        heartbeat_epochs_[channel] = epoch_;
    }
    if (another) freshness_.reset();
    if (known) freshness_.heartbeat_answered(channel, sent, heartbeat[1], heartbeat[2]);
    co_return known;
}

boost::asio::awaitable<shared_tier::done> shared_tier::run(redis::request what)
{
    const auto answer = co_await client_.exec<std::int64_t>(std::move(what), in_time());
    co_return answer ? (*answer != 0 ? done::yes : done::no)
                     : (answer.error().outcome == redis::outcome::refused ? done::no : done::unreachable);
}

boost::asio::awaitable<shared_tier::done> shared_tier::fill(std::string_view key, std::string_view token,
                                                            std::chrono::milliseconds ttl, std::string_view bytes)
{
    co_return co_await run(lua::fill(std::array{key}, token, std::max<std::int64_t>(ttl.count(), 1), bytes));
}

boost::asio::awaitable<shared_tier::done> shared_tier::release(std::string_view key, std::string_view token,
                                                               std::chrono::milliseconds retry_after)
{
    co_return co_await run(lua::release(std::array{key}, token, retry_after.count()));
}

boost::asio::awaitable<shared_tier::done> shared_tier::renew(std::string_view key, std::string_view token,
                                                             std::chrono::milliseconds lease)
{
    co_return co_await run(lua::renew(std::array{key}, token, lease.count()));
}

boost::asio::awaitable<shared_tier::done> shared_tier::set(std::string_view key, std::chrono::milliseconds ttl,
                                                           std::string_view bytes)
{
    // The bytes are the last argument, because over REST only the last one may be binary.
    redis::request what{"PSETEX", key, std::max<std::int64_t>(ttl.count(), 1), bytes};
    const auto answer = co_await client_.exec<void>(std::move(what), in_time());
    co_return answer ? done::yes : (answer.error().outcome == redis::outcome::refused ? done::no : done::unreachable);
}

boost::asio::awaitable<void> shared_tier::scan(std::string glob, const std::function<bool(const std::string&)>& f)
{
    redis::scan keys{client_, {.match = glob, .count = 1000}};
    std::set<std::string> given;
    for (;;) {
        const auto batch = co_await keys.next();
        if (!batch || !*batch) co_return;
        std::vector<std::string> fresh;
        redis::request heads;
        for (const auto& k : **batch) {
            if (!given.insert(k).second) continue;
            fresh.push_back(k);
            heads.add("GETRANGE", k, 0, lease_end);
        }
        if (fresh.empty()) continue;
        const auto read = co_await client_.exec_each<std::string>(std::move(heads));
        for (std::size_t i = 0; read && i < fresh.size(); ++i) {
            const auto& head = (*read)[i];
            if (!head || head->size() <= lease_end || !head->starts_with(envelope_magic)) continue;
            if (!f(fresh[i])) co_return;
        }
    }
}

boost::asio::awaitable<confirmation> shared_tier::unlink(std::vector<std::string> keys)
{
    const auto before = freshness_.changes();
    confirmation out;
    out.epoch = epoch();
    bool confirmed = false;
    int channel = -1;
    auto parse = [&](std::size_t, const resp::value& v) {
        confirmed = !v.is_error();  // after an error reply, too, the deletion has to be retried
        channel = this_channel();
    };
    co_await client_.visit(redis::request{"UNLINK", keys}, parse, in_time());
    if (confirmed) out.how = invalidation::confirmed;
    if (!relayed() || freshness_.changes() != before || channel < 0 || !has_answered_heartbeat(channel, out.epoch))
        out.epoch.clear();
    co_return out;
}

boost::asio::awaitable<shared_tier::pass> shared_tier::begin_pass(const std::string& id, const std::string& who,
                                                                  bool in_any_case)
{
    pass out;
    freshness_.relay_began(id, options_.now());
    const auto reply = co_await client_.exec<std::vector<std::string>>(
        lua::relay_begin(std::array{epoch_key, watermark_key, turn_key}, id, who, turn.count(), in_any_case ? 1 : 0),
        relay_deadline);
    if (reply && reply->size() == 2) out = {true, (*reply)[0], (*reply)[1]};
    co_return out;
}

boost::asio::awaitable<bool> shared_tier::end_pass(const std::string& id, const std::string& who,
                                                   const std::string& epoch)
{
    const auto reply = co_await client_.exec<std::int64_t>(
        lua::relay_end(std::array{epoch_key, watermark_key, turn_key}, id, epoch, who, turn.count()), relay_deadline);
    co_return reply && *reply == 1;
}

boost::asio::awaitable<bool> shared_tier::begin_epoch(const std::string& epoch)
{
    const auto reply = co_await client_.exec<std::int64_t>(
        lua::relay_epoch(std::array{epoch_key, watermark_key}, epoch), relay_deadline);
    co_return reply && *reply == 1;
}

}  // namespace larder::detail
