// SPDX-License-Identifier: MIT
#include <agora/storage/postgres/errors.hpp>
#include <agora/storage/postgres/loop_connections.hpp>

namespace agora::storage::postgres {

namespace {

using namespace std::chrono_literals;

constexpr auto first_pause = 50ms;
constexpr auto longest_pause = 2000ms;

}  // namespace

loop_connections::loop_connections(asio::any_io_executor executor, const target& to, const postgres_options& options)
    : executor_{std::move(executor)},
      target_{to},
      options_{options},
      connecting_{1, options.queue_limit},
      transactions_{options.transaction_connections, options.queue_limit},
      backoff_{first_pause, longest_pause}
{}

asio::awaitable<std::shared_ptr<connection>> loop_connections::open(role r)
{
    if (std::chrono::steady_clock::now() < next_attempt_) {
        std::rethrow_exception(unavailable("the last attempt to connect failed a moment ago"));
    }
    try {
        auto handle = co_await target_.connect(r);
        auto opened = std::make_shared<connection>(executor_, std::move(handle), options_);
        opened->start();
        backoff_.reset();
        co_return opened;
    } catch (...) {
        next_attempt_ = std::chrono::steady_clock::now() + backoff_.next();
        throw;
    }
}

asio::awaitable<std::shared_ptr<connection>> loop_connections::shared()
{
    if (shared_ && !shared_->lost()) co_return shared_;
    const auto turn = co_await connecting_.enter();
    if (!shared_ || shared_->lost()) shared_ = co_await open(role::reads);
    co_return shared_;
}

asio::awaitable<loop_connections::lease> loop_connections::exclusive()
{
    auto place = co_await transactions_.enter();
    std::erase_if(idle_, [](const auto& c) { return c->lost(); });
    std::shared_ptr<connection> c;
    if (!idle_.empty()) {
        c = std::move(idle_.back());
        idle_.pop_back();
    } else {
        const auto turn = co_await connecting_.enter();
        c = co_await open(role::transactions);
    }
    co_return lease{*this, std::move(place), std::move(c)};
}

void loop_connections::close()
{
    if (shared_) shared_->close();
    for (auto& c : idle_) c->close();
    idle_.clear();
}

loop_connections::lease::lease(loop_connections& home, turnstile::permit place, std::shared_ptr<connection> c)
    : home_{&home}, connection_{std::move(c)}, place_{std::move(place)}
{}

loop_connections::lease::~lease()
{
    // Before the permit goes: whoever enters next finds the connection idle.
    if (connection_ && !connection_->lost()) home_->idle_.push_back(std::move(connection_));
}

void loop_connections::lease::drop() { connection_->close(); }

}  // namespace agora::storage::postgres
