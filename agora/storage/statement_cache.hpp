// SPDX-License-Identifier: MIT
// The prepared statements of one connection, keyed by their SQL text, with LRU eviction. The bound keeps a program that
// builds its SQL at run time from filling the memory of the driver or the server. Not thread-safe. All calls are O(1).
#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace agora::storage {

template <class Statement>
class statement_cache {
 public:
    /// Requires: capacity > 0.
    explicit statement_cache(std::size_t capacity) : capacity_{capacity} {}

    /// Null when absent. The pointer is valid until the statement is erased or evicted.
    Statement* find(std::string_view key)
    {
        const auto found = index_.find(key);
        if (found == index_.end()) return nullptr;
        entries_.splice(entries_.begin(), entries_, found->second);
        return &found->second->second;
    }

    /// Returns the statement that was evicted to make room. Requires: find(key) == nullptr.
    std::optional<Statement> insert(std::string key, Statement statement)
    {
        std::optional<Statement> displaced;
        if (entries_.size() == capacity_) {
            displaced.emplace(std::move(entries_.back().second));
            index_.erase(entries_.back().first);
            entries_.pop_back();
        }
        entries_.emplace_front(std::move(key), std::move(statement));
        index_.emplace(entries_.front().first, entries_.begin());
        return displaced;
    }

    void erase(std::string_view key)
    {
        const auto found = index_.find(key);
        if (found == index_.end()) return;
        const auto entry = found->second;
        index_.erase(found);
        entries_.erase(entry);
    }

 private:
    using entry_list = std::list<std::pair<std::string, Statement>>;
    std::size_t capacity_;
    entry_list entries_;                                                         // most recently used first
    std::unordered_map<std::string_view, typename entry_list::iterator> index_;  // the keys are views into entries_
};

}  // namespace agora::storage
