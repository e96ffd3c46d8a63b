// SPDX-License-Identifier: MIT
#include "lease.hpp"

namespace larder::detail {

namespace asio = boost::asio;
using std::chrono::milliseconds;

namespace {

void send(const std::shared_ptr<cache::core>& c, asio::awaitable<void> message) noexcept
{
    if (c->at.stopping()) return;
    try {
        c->in_background(std::move(message));
    } catch (const std::exception&) {  // no memory, or the wrong thread: the lease expires by itself
    }
}

}  // namespace

lease& lease::operator=(lease&& other) noexcept
{
    if (this == &other) return *this;
    release();
    core_ = std::move(other.core_);
    key_ = std::move(other.key_);
    token_ = std::move(other.token_);
    return *this;
}

void lease::renew() const noexcept
{
    if (core_ == nullptr) return;
    auto message = [](std::shared_ptr<cache::core> c, std::string key, std::string token) -> asio::awaitable<void> {
        co_await c->shared->renew(key, token, c->options.lease);
    };
    send(core_, message(core_, key_, token_));
}

void lease::release(milliseconds retry_after) noexcept
{
    const auto core = std::exchange(core_, nullptr);
    if (core == nullptr) return;
    auto message = [](std::shared_ptr<cache::core> c, std::string key, std::string token,
                      milliseconds pause) -> asio::awaitable<void> { co_await c->shared->release(key, token, pause); };
    send(core, message(core, std::move(key_), std::move(token_), retry_after));
}

}  // namespace larder::detail
