// SPDX-License-Identifier: MIT
#include "tag_snapshot.hpp"

namespace larder::detail {

void tag_snapshot::take_numbers()
{
    numbers_.clear();
    for (const auto& s : slots_) numbers_.push_back({s, s->number.load(std::memory_order_acquire)});
}

std::vector<tag_question> tag_snapshot::begin(boot_time since, std::uint64_t generation, std::chrono::milliseconds keep)
{
    std::vector<tag_question> questions;
    numbers_.clear();
    versions_.resize(slots_.size());
    asked_.clear();
    confirmed_as_of_ = boot_time::max();
    generation_ = generation;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        const auto known = slots_[i]->known_since(since, generation);
        numbers_.push_back({slots_[i], known ? known->number : 0});
        if (known) {
            versions_[i] = known->version;
            confirmed_as_of_ = std::min(confirmed_as_of_, known->confirmed_as_of);
        } else {
            asked_.push_back(i);
            questions.push_back({slots_[i]->text, keep});
        }
    }
    return questions;
}

void tag_snapshot::complete(std::span<const std::optional<tag_version>> answers, const reply_context& from,
                            boot_time asked)
{
    // The generation of begin() has ended, so changes of the versions that were not read again are not reported.
    if (from.generation != generation_)
        for (auto& n : numbers_) n.number = 0;
    for (std::size_t i = 0; i < asked_.size(); ++i) {
        if (!answers[i]) continue;
        const auto place = asked_[i];
        versions_[place] = *answers[i];
        const tag_slot::knowledge latest{*answers[i], asked, from.confirmed_as_of, from.generation, from.channel};
        numbers_[place].number = slots_[place]->learn(latest, from.pushes).value_or(0);  // 0: never valid
    }
}

}  // namespace larder::detail
