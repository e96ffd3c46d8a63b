// SPDX-License-Identifier: MIT
#include "lease.hpp"

namespace larder::detail {

namespace asio = boost::asio;

lease& lease::operator=(lease&& other) noexcept
{
    if (this == &other) return *this;
    release();
    core_ = std::move(other.core_);
    key_ = std::move(other.key_);
    token_ = std::move(other.token_);
    return *this;
}

asio::awaitable<void> lease::renew() const { co_await core_->shared->renew(key_, token_, core_->options.lease); }

void lease::release(std::chrono::milliseconds retry_after) noexcept
{
    const auto core = std::exchange(core_, nullptr);
    if (core == nullptr || core->at.stopping()) return;
    auto send = [](std::shared_ptr<cache::core> c, std::string key, std::string token,
                   std::chrono::milliseconds pause) -> asio::awaitable<void> {
        co_await c->shared->release(key, token, pause);
    };
    try {
        core->in_background(send(core, std::move(key_), std::move(token_), retry_after));
    } catch (const std::exception&) {  // no memory, or the wrong thread: the lease expires by itself
    }
}

}  // namespace larder::detail
