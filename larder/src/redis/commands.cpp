// SPDX-License-Identifier: MIT
// The command table. Each list of names below stands for one property; make_table() builds a hash table of them at
// compile time. A test in server_states_test.cpp compares it with the reply of a real server to COMMAND. Start with
// find_command() and find_bound().
#include "commands.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "arguments.hpp"

namespace larder::redis {
namespace {

constexpr std::string_view reads =
    "bitcount bitfield_ro bitpos dbsize dump eval_ro evalsha_ro exists expiretime fcall_ro geodist geohash geopos "
    "georadius_ro georadiusbymember_ro geosearch get getbit getrange hexists hget hgetall hkeys hlen hmget hrandfield "
    "hscan hstrlen hvals keys lcs lindex llen lolwut lpos lrange mget pexpiretime pfcount pttl randomkey scan scard "
    "sdiff sinter sintercard sismember smembers smismember sort_ro srandmember sscan strlen substr sunion touch ttl "
    "type xlen xpending xrange xread xrevrange zcard zcount zdiff zinter zintercard zlexcount zmscore zrandmember "
    "zrange zrangebylex zrangebyscore zrank zrevrange zrevrangebylex zrevrangebyscore zrevrank zscan zscore zunion";

// In addition to the reads. SET depends on its arguments: see request::check_arguments().
constexpr std::string_view idempotent =
    "set setex psetex mset hmset lset ltrim setrange expire pexpire expireat pexpireat pfmerge ping echo time info "
    "role command memory object lastsave slowlog latency xinfo pubsub config acl flushall flushdb";

constexpr std::string_view blocking =
    "blmove blmpop blpop brpop brpoplpush bzmpop bzpopmax bzpopmin wait waitaof";  // XREAD, XREADGROUP: only with BLOCK

constexpr std::string_view log_in = "set the user and password in the URL";
constexpr std::string_view use_subscriber = "use a subscriber";
constexpr std::string_view use_transaction = "use transaction(), or a script for logic that depends on values";
constexpr std::string_view use_tracking = "use near_cache, or options::tracking";
constexpr std::string_view use_name = "set the client's name with the URL parameter `name`";
constexpr std::string_view connects_itself = "the client manages its connections itself";
constexpr std::string_view use_disconnect = "use disconnect()";
constexpr std::string_view follows_slots = "use redis-cluster://, with which the client follows redirections itself";
constexpr std::string_view for_replicas = "only replicas send it";
constexpr std::string_view use_redis_cli = "use redis-cli";
constexpr std::string_view use_after_writes =
    "it waits for the writes of its own connection; add it after them to the same request, as in "
    "request{\"SET\", key, value}.add(\"WAIT\", 1, 100)";

constexpr std::array bound{
    bound_command{"asking", "", follows_slots},
    bound_command{"auth", "", log_in},
    bound_command{"client", "caching", use_tracking},
    bound_command{"client", "capa", connects_itself},           // Valkey
    bound_command{"client", "import-source", connects_itself},  // Valkey
    bound_command{"client", "no-evict", connects_itself},
    bound_command{"client", "no-touch", connects_itself},
    bound_command{"client", "reply", "every command gets a reply; spawn the call if you do not want to wait for it"},
    bound_command{"client", "setinfo", use_name},
    bound_command{"client", "setname", use_name},
    bound_command{"client", "tracking", use_tracking},
    bound_command{"discard", "", use_transaction},
    bound_command{"exec", "", use_transaction},
    bound_command{"hello", "", "the client sends it itself, with the user and password of the URL"},
    bound_command{"monitor", "", use_redis_cli},
    bound_command{"multi", "", use_transaction},
    bound_command{"psubscribe", "", use_subscriber},
    bound_command{"psync", "", for_replicas},
    bound_command{"punsubscribe", "", use_subscriber},
    bound_command{"quit", "", use_disconnect},
    bound_command{"readonly", "", follows_slots},
    bound_command{"readwrite", "", follows_slots},
    bound_command{"replconf", "", for_replicas},
    bound_command{"reset", "", use_disconnect},
    bound_command{"script", "debug", use_redis_cli},
    bound_command{"select", "", "the URL names the database, as in redis://host/3"},
    bound_command{"ssubscribe", "", use_subscriber},
    bound_command{"subscribe", "", use_subscriber},
    bound_command{"sunsubscribe", "", use_subscriber},
    bound_command{"sync", "", for_replicas},
    bound_command{"unsubscribe", "", use_subscriber},
    bound_command{"unwatch", "", use_transaction},
    bound_command{"wait", "", use_after_writes, true},
    bound_command{"waitaof", "", use_after_writes, true},
    bound_command{"watch", "", use_transaction},
};

constexpr std::string_view no_key =
    "acl asking auth bgrewriteaof bgsave client cluster command config dbsize debug discard echo exec failover "
    "flushall flushdb function hello info keys lastsave latency lolwut module monitor multi ping psubscribe psync "
    "publish pubsub punsubscribe quit randomkey readonly readwrite replconf replicaof reset role save scan script "
    "select shutdown slaveof slowlog subscribe swapdb sync time unsubscribe unwatch wait waitaof";
constexpr std::string_view second_key = "bitop memory object pfdebug xgroup xinfo";
constexpr std::string_view third_key = "migrate";
constexpr std::string_view counted = "lmpop sintercard zdiff zinter zintercard zmpop zunion";
constexpr std::string_view counted_second = "blmpop bzmpop eval eval_ro evalsha evalsha_ro fcall fcall_ro";
constexpr std::string_view after_streams = "xread xreadgroup";

struct entry {
    std::uint64_t packed = 0;
    std::string_view name;
    command_traits traits;
};

constexpr std::size_t slots = 1024;
constexpr char lower(char c) { return static_cast<char>(c | 0x20); }

/// The first eight letters, in lower case: enough to tell most commands apart without comparing strings.
constexpr std::uint64_t pack(std::string_view name)
{
    std::uint64_t packed = 0;
    const auto n = name.size() < 8 ? name.size() : 8;
    for (std::size_t i = 0; i < n; ++i) packed = packed << 8 | static_cast<unsigned char>(lower(name[i]));
    return packed ^ name.size() << 56;
}

constexpr bool same_end(std::string_view any_case, std::string_view lower_case)
{
    for (std::size_t i = 8; i < lower_case.size(); ++i) {
        if (lower(any_case[i]) != lower(lower_case[i])) return false;
    }
    return true;
}

using table = std::array<entry, slots>;

/// The entry of `name`, or the empty entry where it belongs.
template <class Table>
constexpr auto& place(Table& t, std::string_view name)
{
    const auto packed = pack(name);
    auto i = static_cast<std::size_t>(packed * 0x9e3779b97f4a7c15 >> 54);  // Fibonacci hashing
    const auto is_it = [&](const entry& e) {
        return e.packed == packed && e.name.size() == name.size() && same_end(name, e.name);
    };
    while (!t[i].name.empty() && !is_it(t[i])) i = (i + 1) % slots;
    return t[i];
}

template <class Set>
constexpr void for_all(table& t, std::string_view names, Set set)
{
    while (!names.empty()) {
        const auto end = names.find(' ');
        auto& e = place(t, names.substr(0, end));
        e.name = names.substr(0, end);
        e.packed = pack(e.name);
        set(e.traits);
        names = end == std::string_view::npos ? std::string_view{} : names.substr(end + 1);
    }
}

constexpr table make_table()
{
    table t{};
    for_all(t, reads, [](command_traits& c) { c.read = c.idempotent = true; });
    for_all(t, idempotent, [](command_traits& c) { c.idempotent = true; });
    for_all(t, blocking, [](command_traits& c) { c.blocking = true; });
    for (const auto& b : bound) {
        for_all(t, b.name, [](command_traits& c) { c.may_be_bound = true; });
    }
    for_all(t, no_key, [](command_traits& c) { c.key = key_position::none; });
    for_all(t, second_key, [](command_traits& c) { c.key = key_position::second; });
    for_all(t, third_key, [](command_traits& c) { c.key = key_position::third; });
    for_all(t, counted, [](command_traits& c) { c.key = key_position::counted; });
    for_all(t, counted_second, [](command_traits& c) { c.key = key_position::counted_second; });
    for_all(t, after_streams, [](command_traits& c) { c.key = key_position::after_streams; });
    for_all(t, "set xread xreadgroup", [](command_traits& c) { c.depends_on_arguments = true; });
    return t;
}

constexpr table commands = make_table();

}  // namespace

command_traits find_command(std::string_view name) noexcept { return place(commands, name).traits; }

const bound_command* find_bound(std::string_view name, std::string_view subcommand) noexcept
{
    const auto* const found = std::ranges::find_if(bound, [&](const bound_command& b) {
        return is_word(name, b.name) && (b.subcommand.empty() || is_word(subcommand, b.subcommand));
    });
    return found == bound.end() ? nullptr : found;
}

}  // namespace larder::redis
