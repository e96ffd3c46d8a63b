// SPDX-License-Identifier: MIT
// Opens, reuses and retires the connections of one loop. shared() and exclusive() are the entry points.
// Invariant: a connection that was leased before renew() is never reused, because its generation differs.
#include <agora/storage/postgres/errors.hpp>
#include <agora/storage/postgres/loop_connections.hpp>

namespace agora::storage::postgres {

namespace {

using namespace std::chrono_literals;

constexpr auto initial_backoff = 50ms;
constexpr auto max_backoff = 2000ms;

}  // namespace

loop_connections::attempts::attempts() : backoff{initial_backoff, max_backoff} {}

loop_connections::loop_connections(asio::any_io_executor executor, const target& to)
    : executor_{std::move(executor)},
      target_{to},
      connecting_{1, to.options().queue_limit},
      transactions_{to.options().transaction_connections, to.options().queue_limit}
{}

asio::awaitable<std::shared_ptr<connection>> loop_connections::open(role r)
{
    attempts& role_attempts = r == role::reads ? read_attempts_ : transaction_attempts_;
    if (std::chrono::steady_clock::now() < role_attempts.next) std::rethrow_exception(role_attempts.failure);
    try {
        auto handle = co_await target_.connect(r);
        auto opened = std::make_shared<connection>(std::move(handle), target_, r, executor_);
        opened->start();
        role_attempts.backoff.reset();
        // The server is reachable again, so the other role need not wait out its backoff either.
        read_attempts_.next = transaction_attempts_.next = {};
        co_return opened;
    } catch (...) {
        role_attempts.next = std::chrono::steady_clock::now() + role_attempts.backoff.next();
        role_attempts.failure = std::current_exception();
        throw;
    }
}

asio::awaitable<std::shared_ptr<connection>> loop_connections::shared()
{
    if (shared_ && !shared_->lost()) co_return shared_;
    const auto connecting = co_await connecting_.enter();
    if (!shared_ || shared_->lost()) shared_ = co_await open(role::reads);
    co_return shared_;
}

asio::awaitable<loop_connections::lease> loop_connections::exclusive()
{
    auto permit = co_await transactions_.enter();
    std::erase_if(idle_, [](const auto& c) { return c->lost(); });
    std::shared_ptr<connection> c;
    if (!idle_.empty()) {
        c = std::move(idle_.back());
        idle_.pop_back();
    } else {
        const auto connecting = co_await connecting_.enter();
        c = co_await open(role::transactions);
    }
    co_return lease{*this, std::move(permit), std::move(c)};
}

void loop_connections::renew()
{
    ++generation_;
    if (shared_) std::exchange(shared_, nullptr)->retire();
    for (auto& c : std::exchange(idle_, {})) c->retire();
}

void loop_connections::close()
{
    if (shared_) shared_->close();
    for (auto& c : idle_) c->close();
    idle_.clear();
}

loop_connections::lease::lease(loop_connections& home, semaphore::permit permit, std::shared_ptr<connection> c)
    : home_{&home}, connection_{std::move(c)}, permit_{std::move(permit)}, generation_{home.generation_}
{}

loop_connections::lease::~lease()
{
    // Before the permit is released, so that the next caller finds the connection idle.
    if (!connection_ || connection_->lost()) return;
    if (generation_ == home_->generation_) {
        home_->idle_.push_back(std::move(connection_));
    } else {
        connection_->retire();
    }
}

void loop_connections::lease::drop() { connection_->close(); }

}  // namespace agora::storage::postgres
