// SPDX-License-Identifier: MIT
// Tag slots: see the header for what they hold.
// Invariant: the slot's number grows in the same critical section in which `known` is dropped or changes its version,
// so a value that was stamped under an older version never becomes valid again. Start at learn(), which decides which
// of two overlapping reads is the newer one.
#include "tag_table.hpp"

#include <algorithm>

namespace larder::detail {

std::optional<tag_slot::reading> tag_slot::known_since(boot_time since, std::uint64_t generation)
{
    const std::lock_guard lock{mutex};
    if (!known || known->asked < since) return std::nullopt;
    if (known->generation != generation) return std::nullopt;
    return reading{known->version, number.load(std::memory_order_relaxed), known->confirmed_as_of};
}

std::optional<std::uint64_t> tag_slot::learn(const knowledge& latest, std::uint64_t pushes)
{
    const std::lock_guard lock{mutex};
    const auto place = static_cast<std::size_t>(latest.channel);
    if (latest.channel >= 0 && place < pushed.size() && pushed[place] > pushes) return std::nullopt;
    const bool same = known && known->version == latest.version;
    if (!same && (latest.asked <= invalidated || (known && latest.asked <= known->asked))) return std::nullopt;
    if (known && !same) number.fetch_add(1, std::memory_order_release);
    // An older read of the same version adds nothing. Only a newer one replaces the channel that reports changes.
    if (!known || latest.asked >= known->asked) known = latest;
    return number.load(std::memory_order_relaxed);
}

void tag_slot::on_invalidation_push(int channel, std::uint64_t push)
{
    const std::lock_guard lock{mutex};
    const auto place = static_cast<std::size_t>(channel);
    if (place >= pushed.size()) pushed.resize(place + 1);
    pushed[place] = push;
    if (!known || known->channel != channel) return;
    known.reset();
    number.fetch_add(1, std::memory_order_release);
}

void tag_slot::invalidate(boot_time now)
{
    const std::lock_guard lock{mutex};
    known.reset();
    invalidated = now;
    number.fetch_add(1, std::memory_order_release);
}

std::shared_ptr<tag_slot> tag_table::slot(std::string_view name)
{
    const std::lock_guard lock{mutex_};
    const auto found = slots_.find(name);
    if (found != slots_.end()) return found->second;
    if (slots_.size() >= drop_at_) drop_unused();
    auto made = std::make_shared<tag_slot>(std::string{name});
    slots_.emplace(made->text, made);
    return made;
}

std::shared_ptr<tag_slot> tag_table::find(std::string_view name)
{
    const std::lock_guard lock{mutex_};
    const auto found = slots_.find(name);
    return found == slots_.end() ? nullptr : found->second;
}

void tag_table::drop_unused()
{
    std::erase_if(slots_, [](const auto& s) { return s.second.use_count() == 1; });
    drop_at_ = std::max<std::size_t>(1024, 2 * slots_.size());
}

}  // namespace larder::detail
