// SPDX-License-Identifier: MIT
// Splits a request into parts and merges their replies. The parts of a split command are adjacent in plan.parts;
// `places` of a part says where its elements belong in the merged reply. A command whose keys lie in one slot is not
// split, and its bytes are not copied. Start with make_plan() and deliver_merged().
#include "cluster_plan.hpp"

#include <map>

#include "arguments.hpp"
#include "keys.hpp"

namespace larder::redis {
namespace {

struct splittable {
    std::string_view name;
    merge how;
    std::size_t step;  ///< arguments per key
};

constexpr splittable splittables[] = {
    {"mget", merge::elements, 1}, {"del", merge::sum, 1},   {"unlink", merge::sum, 1},
    {"exists", merge::sum, 1},    {"touch", merge::sum, 1}, {"mset", merge::all_ok, 2},
};

const splittable* find_splittable(std::string_view name)
{
    for (const auto& s : splittables) {
        if (is_word(name, s.name)) return &s;
    }
    return nullptr;
}

struct group {
    std::vector<std::string_view> arguments;
    std::vector<std::uint32_t> places;
};

/// The arguments of a command, grouped by slot. Empty if their number is not a multiple of `step`.
std::map<std::uint16_t, group> by_slot(const argument_list& arguments, std::size_t step)
{
    std::map<std::uint16_t, group> groups;
    if ((arguments.size() - 1) % step != 0) return groups;
    group* g = nullptr;
    for (std::uint32_t i = 0; const auto argument : arguments) {
        if (i > 0) {
            if ((i - 1) % step == 0) {
                g = &groups[key_slot(argument)];
                g->places.push_back(static_cast<std::uint32_t>((i - 1) / step));
            }
            g->arguments.push_back(argument);
        }
        ++i;
    }
    return groups;
}

void add_command(cluster_plan& plan, std::string_view bytes)
{
    const argument_list arguments{bytes};
    plan_command command{merge::none, static_cast<std::uint32_t>(plan.parts.size()), 0};
    const auto* s = find_splittable(arguments.front());
    const auto groups = s != nullptr ? by_slot(arguments, s->step) : std::map<std::uint16_t, group>{};
    if (groups.size() > 1) {
        command.how = s->how;
        for (const auto& [slot, g] : groups) {
            plan_part part;
            resp::append_command_head(part.own, g.arguments.size() + 1);
            resp::append_argument(part.own, arguments.front());
            for (const auto a : g.arguments) resp::append_argument(part.own, a);
            part.slot = slot;
            part.places = g.places;
            plan.parts.push_back(std::move(part));
        }
    } else {
        plan_part part;
        part.bytes = bytes;
        if (const auto key = key_of(bytes); !key.empty()) part.slot = key_slot(key);
        plan.parts.push_back(std::move(part));
    }
    command.end = static_cast<std::uint32_t>(plan.parts.size());
    plan.commands.push_back(command);
}

/// Reads replies from a text that contains several, one after the other.
class reply_reader {
 public:
    explicit reply_reader(std::string_view bytes) : rest_{bytes} {}
    resp::value next()
    {
        rest_.remove_prefix(taken_);
        reader_.next();
        reader_.read(rest_);
        taken_ = reader_.consumed();
        return reader_.root(rest_);
    }

 private:
    std::string_view rest_;
    std::size_t taken_ = 0;
    resp::reader reader_;
};

std::string merged(const plan_command& command, const std::vector<plan_part>& parts,
                   const std::vector<std::string>& replies)
{
    std::int64_t sum = 0;
    std::vector<std::string> elements;
    for (auto i = command.begin; i < command.end; ++i) {
        reply_reader part{replies[i]};
        const auto reply = part.next();
        if (reply.is_error()) return replies[i];  // what the other parts did stays done
        sum += reply.integer().value_or(0);
        for (std::size_t n = 0; const auto& element : reply) {
            const auto place = parts[i].places[n++];
            if (elements.size() <= place) elements.resize(place + 1);
            resp::append_value(elements[place], element);
        }
    }
    switch (command.how) {
        case merge::sum:
            return ":" + std::to_string(sum) + "\r\n";
        case merge::elements:
            break;
        case merge::all_ok:
        case merge::none:
            return "+OK\r\n";
    }
    std::string out = "*" + std::to_string(elements.size()) + "\r\n";
    for (const auto& e : elements) out += e;
    return out;
}

}  // namespace

cluster_plan make_plan(const request& r)
{
    cluster_plan plan;
    if (r.is_transaction()) {
        plan_part part;
        part.bytes = r.bytes();
        part.replies = r.commands();
        if (const auto key = first_key(r); !key.empty()) part.slot = key_slot(key);
        plan.parts.push_back(std::move(part));
        plan.commands.push_back({merge::none, 0, 1});
    } else {
        for (auto rest = r.bytes(); !rest.empty();) {
            const auto size = argument_list{rest}.bytes();
            add_command(plan, rest.substr(0, size));
            rest.remove_prefix(size);
        }
    }
    if (r.slot()) {
        for (auto& p : plan.parts) p.slot = r.slot();
    }
    return plan;
}

void deliver_merged(const cluster_plan& plan, const std::vector<std::string>& replies, receiver& to)
{
    for (const auto& command : plan.commands) {
        const bool whole = command.how == merge::none;
        const auto bytes = whole ? replies[command.begin] : merged(command, plan.parts, replies);
        reply_reader reader{bytes};
        const auto count = whole ? plan.parts[command.begin].replies : 1;
        for (std::uint32_t i = 0; i < count; ++i) to.on_reply(reader.next());
    }
}

}  // namespace larder::redis
