// SPDX-License-Identifier: MIT
// Opens, reuses and retires the connections of one loop. shared() and exclusive() are the entry points.
// Invariant: a connection that was leased before renew() is never reused, because its generation differs.
#include <agora/storage/postgres/errors.hpp>
#include <agora/storage/postgres/loop_connections.hpp>

namespace agora::storage::postgres {

namespace {

using namespace std::chrono_literals;

constexpr auto first_pause = 50ms;
constexpr auto longest_pause = 2000ms;

}  // namespace

loop_connections::attempts::attempts() : pause{first_pause, longest_pause} {}

loop_connections::loop_connections(asio::any_io_executor executor, const target& to)
    : executor_{std::move(executor)},
      target_{to},
      connecting_{1, to.options().queue_limit},
      transactions_{to.options().transaction_connections, to.options().queue_limit}
{}

asio::awaitable<std::shared_ptr<connection>> loop_connections::open(role r)
{
    attempts& of_role = r == role::reads ? for_reads_ : for_transactions_;
    if (std::chrono::steady_clock::now() < of_role.next) std::rethrow_exception(of_role.failure);
    try {
        auto handle = co_await target_.connect(r);
        auto opened = std::make_shared<connection>(std::move(handle), target_, r, executor_);
        opened->start();
        of_role.pause.reset();
        // The server is reachable again, so the other role need not wait out its backoff either.
        for_reads_.next = for_transactions_.next = {};
        co_return opened;
    } catch (...) {
        of_role.next = std::chrono::steady_clock::now() + of_role.pause.next();
        of_role.failure = std::current_exception();
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

loop_connections::lease::lease(loop_connections& home, semaphore::permit place, std::shared_ptr<connection> c)
    : home_{&home}, connection_{std::move(c)}, place_{std::move(place)}, generation_{home.generation_}
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
