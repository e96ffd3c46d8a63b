// SPDX-License-Identifier: MIT
// Lists the known regions and the keys of a region, from Redis or from L1.

#include "core.hpp"

namespace larder {

namespace asio = boost::asio;

std::vector<const region_base*> cache::regions() const
{
    std::vector<const region_base*> out;
    for (const auto* r : core_->regions.all()) out.push_back(&r->region);
    return out;
}

void cache::declare(const region_base& r) { core_->regions.of(detail::interned(r)); }

asio::awaitable<std::vector<entry_key>> cache::keys(const region_base& in, std::string prefix, std::size_t most)
{
    return keys_of(detail::interned(in), std::move(prefix), most);
}

asio::awaitable<std::vector<entry_key>> cache::keys_of(const region_base& in, std::string prefix, std::size_t most)
{
    std::vector<entry_key> out;
    const auto call = core_->call();
    if (core_->shared) {
        const std::function<bool(const std::string&)> take = [&](const std::string& key) {
            if (!key.starts_with(prefix)) return true;
            if (auto k = in.parse(key)) out.push_back(*std::move(k));
            return out.size() < most;
        };
        co_await core_->shared->scan(in.glob(), take);
        co_return out;
    }
    core_->local.for_each_key([&](std::string_view key) {
        if (out.size() >= most || !key.starts_with(prefix)) return;
        if (auto k = in.parse(key)) out.push_back(*std::move(k));
    });
    co_return out;
}

}  // namespace larder
