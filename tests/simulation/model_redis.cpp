// SPDX-License-Identifier: MIT
// The model of Redis: execute() runs a command with run(), which dispatches to functions for kinds of commands, and
// writes the reply. changed() and remember() are the server's side of client-side caching. Behaviour was taken from the
// source of Redis 7.0.15 where it is noted, and compared with a real server by model_redis_test.cpp.
#include "model_redis.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <larder/hex.hpp>
#include <optional>
#include <stdexcept>
extern "C" {
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
}

namespace larder::simulation {

/// A reply before it is encoded.
struct model_redis::answer {
    enum class kind : std::uint8_t { integer, text, status, error, null, array, hello };
    kind what = kind::null;
    std::int64_t number = 0;
    std::string text;
    std::vector<answer> parts;

    static answer of(std::int64_t n) { return {kind::integer, n, {}, {}}; }
    static answer of(std::string s) { return {kind::text, 0, std::move(s), {}}; }
    static answer ok() { return {kind::status, 0, "OK", {}}; }
    static answer fail(std::string s) { return {kind::error, 0, std::move(s), {}}; }
};

namespace {

std::string sha1_of(std::string_view text)
{
    std::array<unsigned char, SHA_DIGEST_LENGTH> hash{};
    SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash.data());
    return to_hex(hash);
}

std::string lower(std::string s)
{
    for (auto& c : s) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return s;
}

std::string push_of(const std::string* key)
{
    std::string out = ">2\r\n$10\r\ninvalidate\r\n";
    if (key == nullptr) return out + "_\r\n";
    return out + "*1\r\n$" + std::to_string(key->size()) + "\r\n" + *key + "\r\n";
}

}  // namespace

/// The Lua interpreter with redis.call() and redis.pcall().
class model_redis::lua {
 public:
    explicit lua(model_redis& m) : model_{m}, state_{luaL_newstate()}
    {
        luaL_openlibs(state_);
        lua_newtable(state_);
        for (const auto& [name, f] : {std::pair{"call", &call}, std::pair{"pcall", &pcall}}) {
            lua_pushlightuserdata(state_, this);
            lua_pushcclosure(state_, f, 1);
            lua_setfield(state_, -2, name);
        }
        lua_setglobal(state_, "redis");
    }
    ~lua() { lua_close(state_); }
    lua(const lua&) = delete;
    lua& operator=(const lua&) = delete;

    bool knows(const std::string& sha) const { return functions_.contains(sha); }
    void load(const std::string& sha, const std::string& text)
    {
        if (knows(sha)) return;
        if (luaL_loadbuffer(state_, text.data(), text.size(), "script") != 0)
            throw std::runtime_error{lua_tostring(state_, -1)};
        functions_[sha] = luaL_ref(state_, LUA_REGISTRYINDEX);
    }
    answer run(const std::string& sha, const words& w, std::size_t keys)
    {
        const auto set = [&](const char* name, std::size_t from, std::size_t to) {
            lua_newtable(state_);
            for (std::size_t i = from; i < to; ++i) {
                lua_pushlstring(state_, w[i].data(), w[i].size());
                lua_rawseti(state_, -2, static_cast<int>(i - from + 1));
            }
            lua_setglobal(state_, name);
        };
        set("KEYS", 3, 3 + keys);
        set("ARGV", 3 + keys, w.size());
        lua_rawgeti(state_, LUA_REGISTRYINDEX, functions_.at(sha));
        answer out;
        if (lua_pcall(state_, 0, 1, 0) != 0) {
            out = answer::fail(lua_tostring(state_, -1));
        } else {
            out = read(state_, -1);
        }
        lua_settop(state_, 0);
        return out;
    }

 private:
    static answer read(lua_State* s, int at)
    {
        switch (lua_type(s, at)) {
            case LUA_TNUMBER:
                return answer::of(static_cast<std::int64_t>(lua_tonumber(s, at)));
            case LUA_TSTRING: {
                std::size_t n = 0;
                const char* text = lua_tolstring(s, at, &n);
                return answer::of(std::string{text, n});
            }
            case LUA_TBOOLEAN:
                return lua_toboolean(s, at) != 0 ? answer::of(1) : answer{};
            case LUA_TTABLE:
                break;
            default:
                return {};
        }
        answer out;
        out.what = answer::kind::array;
        for (int i = 1;; ++i) {
            lua_rawgeti(s, at, i);
            if (lua_isnil(s, -1)) break;
            out.parts.push_back(read(s, lua_gettop(s)));
            lua_pop(s, 1);
        }
        lua_pop(s, 1);
        return out;
    }
    static void give(lua_State* s, const answer& a)
    {
        switch (a.what) {
            case answer::kind::integer:
                lua_pushnumber(s, static_cast<double>(a.number));
                return;
            case answer::kind::text:
                lua_pushlstring(s, a.text.data(), a.text.size());
                return;
            case answer::kind::status:
            case answer::kind::error:
                lua_newtable(s);
                lua_pushlstring(s, a.text.data(), a.text.size());
                lua_setfield(s, -2, a.what == answer::kind::status ? "ok" : "err");
                return;
            case answer::kind::array:
                lua_newtable(s);
                for (std::size_t i = 0; i < a.parts.size(); ++i) {
                    give(s, a.parts[i]);
                    lua_rawseti(s, -2, static_cast<int>(i + 1));
                }
                return;
            default:
                lua_pushboolean(s, 0);
        }
    }
    static int invoke(lua_State* s, bool throws)
    {
        auto& self = *static_cast<lua*>(lua_touserdata(s, lua_upvalueindex(1)));
        bool failed = false;
        {
            words w;
            for (int i = 1; i <= lua_gettop(s); ++i) {
                if (lua_type(s, i) == LUA_TNUMBER) {
                    std::array<char, 64> digits{};
                    std::snprintf(digits.data(), digits.size(), "%.17g", lua_tonumber(s, i));
                    w.emplace_back(digits.data());
                } else {
                    std::size_t n = 0;
                    const char* text = lua_tolstring(s, i, &n);
                    w.emplace_back(text, n);
                }
            }
            const auto a = self.model_.run(w);
            failed = throws && a.what == answer::kind::error;
            if (failed) {
                lua_pushlstring(s, a.text.data(), a.text.size());
            } else {
                give(s, a);
            }
        }
        return failed ? lua_error(s) : 1;
    }
    static int call(lua_State* s) { return invoke(s, true); }
    static int pcall(lua_State* s) { return invoke(s, false); }

    model_redis& model_;
    lua_State* state_;
    std::map<std::string, int> functions_;
};

model_redis::model_redis(std::string run_id, std::function<std::int64_t()> now_us)
    : run_id_{std::move(run_id)}, now_us_{std::move(now_us)}, lua_{std::make_unique<lua>(*this)}
{}

model_redis::~model_redis() = default;

model_redis::session& model_redis::connect()
{
    auto s = std::make_unique<session>();
    s->id = ++last_id_;
    auto& made = *s;
    sessions_[made.id] = std::move(s);
    return made;
}

void model_redis::disconnect(session& s) { sessions_.erase(s.id); }

void model_redis::evict(const std::string& key)
{
    if (keys_.erase(key) != 0) changed(key);
}

/// Pushes the change of a key to the sessions that track it. Sources: trackingInvalidateKey() in tracking.c and
/// keyIsExpired() in db.c of Redis 7.0.
void model_redis::changed(const std::string& key)
{
    const auto found = tracking_.find(key);
    if (found == tracking_.end()) return;
    const auto ids = std::move(found->second);
    tracking_.erase(found);
    for (const auto id : ids) {
        const auto target = sessions_.find(id);
        if (target == sessions_.end() || !target->second->tracked) continue;
        auto& s = *target->second;
        if (&s == current_ && s.noloop) continue;
        (&s == current_ ? told_after_.emplace_back() : s.out) += push_of(&key);
    }
}

/// Starts tracking after a read. As in Redis 7.0.15, a read inside a script tracks all keys of the script, whichever
/// key it reads.
void model_redis::remember(const std::string& key)
{
    if (current_ == nullptr || !current_->tracked) return;
    if (script_ == nullptr) {
        tracking_[key].insert(current_->id);
        return;
    }
    const auto n = static_cast<std::size_t>(std::stoll((*script_)[2]));
    for (std::size_t i = 3; i < 3 + n; ++i) tracking_[(*script_)[i]].insert(current_->id);
}

model_redis::entry* model_redis::find(const std::string& key)
{
    const auto found = keys_.find(key);
    if (found == keys_.end()) return nullptr;
    if (found->second.expires != 0 && now_ms() > found->second.expires) {
        keys_.erase(found);
        changed(key);
        return nullptr;
    }
    return &found->second;
}

model_redis::answer model_redis::run_set(const words& w)
{
    const bool precise = w[0] == "PSETEX" || w[0] == "psetex";
    const auto& value = precise ? w[3] : w[2];
    const std::int64_t ttl = precise ? std::stoll(w[2]) : (w.size() > 4 ? std::stoll(w[4]) : 0);
    if ((precise || w.size() > 4) && ttl <= 0)
        return answer::fail("ERR invalid expire time in '" + lower(w[0]) + "' command");
    find(w[1]);  // removes an expired value first, which is pushed as a change
    keys_[w[1]] = {value, ttl == 0 ? 0 : now_ms() + ttl};
    changed(w[1]);
    return answer::ok();
}

model_redis::answer model_redis::run_key(const std::string& name, const words& w)
{
    auto* e = find(w[1]);
    const auto read = [&](answer a) {
        remember(w[1]);
        return a;
    };
    if (name == "get") return read(e == nullptr ? answer{} : answer::of(e->value));
    if (name == "strlen") return read(answer::of(e == nullptr ? 0 : static_cast<std::int64_t>(e->value.size())));
    if (name == "pttl")
        return read(
            answer::of(e == nullptr ? -2 : (e->expires == 0 ? -1 : std::max<std::int64_t>(0, e->expires - now_ms()))));
    if (name == "getrange") {
        const auto size = static_cast<std::int64_t>(e == nullptr ? 0 : e->value.size());
        auto from = std::stoll(w[2]);
        auto to = std::stoll(w[3]);
        if (from < 0) from = std::max<std::int64_t>(0, size + from);
        if (to < 0) to = std::max<std::int64_t>(0, size + to);
        to = std::min<std::int64_t>(to, size - 1);
        const bool some = from <= to && size > 0;
        return read(
            answer::of(some ? e->value.substr(static_cast<std::size_t>(from), static_cast<std::size_t>(to - from + 1))
                            : std::string{}));
    }
    if (name == "setrange") {
        if (e == nullptr && w[3].empty()) return answer::of(0);
        if (e == nullptr) e = &keys_[w[1]];
        if (w[3].empty()) return answer::of(static_cast<std::int64_t>(e->value.size()));
        const auto at = static_cast<std::size_t>(std::stoll(w[2]));
        if (e->value.size() < at + w[3].size()) e->value.resize(at + w[3].size());
        std::copy(w[3].begin(), w[3].end(), e->value.begin() + static_cast<std::ptrdiff_t>(at));
        changed(w[1]);
        return answer::of(static_cast<std::int64_t>(e->value.size()));
    }
    if (name == "pexpire") {
        if (e == nullptr) return answer::of(0);
        const auto ttl = std::stoll(w[2]);
        if (ttl <= 0) {
            keys_.erase(w[1]);
        } else {
            e->expires = now_ms() + ttl;
        }
        changed(w[1]);
        return answer::of(1);
    }
    std::int64_t n = 0;  // for EXISTS, UNLINK and DEL
    for (std::size_t i = 1; i < w.size(); ++i) {
        const bool there = find(w[i]) != nullptr;
        n += there ? 1 : 0;
        if (name == "exists") {
            remember(w[i]);
        } else if (there) {
            keys_.erase(w[i]);
            changed(w[i]);
        }
    }
    return answer::of(n);
}

model_redis::answer model_redis::run_server(const std::string& name, const words& w)
{
    if (name == "time") {
        const auto t = now_us_();
        answer a;
        a.what = answer::kind::array;
        a.parts = {answer::of(std::to_string(t / 1'000'000)), answer::of(std::to_string(t % 1'000'000))};
        return a;
    }
    if (name == "info")
        return answer::of("# Server\r\nrun_id:" + run_id_ +
                          "\r\n# Replication\r\nrole:" + (master ? "master" : "slave") + "\r\n");
    if (name == "ping") return {answer::kind::status, 0, "PONG", {}};
    if (name == "flushall") {
        keys_.clear();
        tracking_.clear();
        for (auto& [id, s] : sessions_) {
            if (!s->tracked) continue;
            (s.get() == current_ ? told_after_.emplace_back() : s->out) += push_of(nullptr);
        }
        return answer::ok();
    }
    if (name == "hello") {
        current_->resp3 = true;
        return {answer::kind::hello, 0, {}, {}};
    }
    if (name == "client" && lower(w[1]) == "tracking") {
        current_->tracked = lower(w[2]) == "on";
        for (std::size_t i = 3; i < w.size(); ++i) current_->noloop = current_->noloop || lower(w[i]) == "noloop";
        return answer::ok();
    }
    if (name == "client") return answer::ok();
    return answer::fail("ERR unknown command '" + w[0] + "', with args beginning with: ");
}

model_redis::answer model_redis::evaluate(const std::string& name, const words& w)
{
    const bool by_text = name == "eval";
    const std::string sha = by_text ? sha1_of(w[1]) : lower(w[1]);
    if (by_text) lua_->load(sha, w[1]);
    if (!lua_->knows(sha)) return answer::fail("NOSCRIPT No matching script. Please use EVAL.");
    script_ = &w;
    auto out = lua_->run(sha, w, static_cast<std::size_t>(std::stoll(w[2])));
    script_ = nullptr;
    return out;
}

model_redis::answer model_redis::run(const words& w)
{
    static const std::set<std::string> writes{"set", "psetex", "setrange", "pexpire", "unlink", "del"};
    static const std::set<std::string> of_a_key{"get",     "strlen", "pttl",   "getrange", "setrange",
                                                "pexpire", "exists", "unlink", "del"};
    const auto name = lower(w[0]);
    if (!master && writes.contains(name)) return answer::fail("READONLY You can't write against a read only replica.");
    if (name == "set" || name == "psetex") return run_set(w);
    if (of_a_key.contains(name)) return run_key(name, w);
    if (name == "eval" || name == "evalsha") return evaluate(name, w);
    return run_server(name, w);
}

void model_redis::write(std::string& out, const answer& a, bool resp3)
{
    switch (a.what) {
        case answer::kind::integer:
            out += ":" + std::to_string(a.number) + "\r\n";
            return;
        case answer::kind::text:
            out += "$" + std::to_string(a.text.size()) + "\r\n" + a.text + "\r\n";
            return;
        case answer::kind::status:
            out += "+" + a.text + "\r\n";
            return;
        case answer::kind::error:
            out += "-" + a.text + "\r\n";
            return;
        case answer::kind::null:
            out += resp3 ? "_\r\n" : "$-1\r\n";
            return;
        case answer::kind::array:
            out += "*" + std::to_string(a.parts.size()) + "\r\n";
            for (const auto& p : a.parts) write(out, p, resp3);
            return;
        case answer::kind::hello:
            out += "%3\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto\r\n:3\r\n";
    }
}

void model_redis::execute(session& s, const std::vector<std::string>& command)
{
    current_ = &s;
    const auto a = run(command);
    write(s.out, a, s.resp3);
    for (const auto& push : told_after_) s.out += push;
    told_after_.clear();
    current_ = nullptr;
}

}  // namespace larder::simulation
