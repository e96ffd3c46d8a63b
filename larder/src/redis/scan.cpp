// SPDX-License-Identifier: MIT
#include <larder/redis/scan.hpp>

#include "client_core.hpp"

namespace larder::redis {

boost::asio::awaitable<reply<std::optional<std::vector<std::string>>>> scan::next()
{
    using batch = std::optional<std::vector<std::string>>;
    if (done_) co_return batch{};
    request r{command_};
    std::vector<std::string_view> options;
    if (!key_.empty()) options.emplace_back(key_);
    options.emplace_back(cursor_);
    if (!match_.empty()) options.insert(options.end(), {"MATCH", match_});
    const auto count = std::to_string(count_);
    options.insert(options.end(), {"COUNT", count});
    r = request{command_, options};
    // The keys of a cluster are those of its masters, one after the other.
    if (key_.empty()) r.to_node(node_);
    auto answer = co_await client_.exec<std::pair<std::string, std::vector<std::string>>>(std::move(r));
    if (!answer) co_return answer.error();
    cursor_ = answer->first;
    if (cursor_ == "0" && (!key_.empty() || ++node_ >= client_.internals().here().road().masters())) done_ = true;
    co_return batch{std::move(answer->second)};
}

}  // namespace larder::redis
