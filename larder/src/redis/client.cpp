// SPDX-License-Identifier: MIT
// The public calls of the client, and its parts per event loop: one loop_client, with a transport, for each loop up to
// `limit.connections`. A call from a thread that has no loop_client hops to a loop that has one (other_loop()). Start
// with this_loop_client(), and with run() in client.hpp.
#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <larder/redis/client.hpp>
#include <vector>

#include "client_core.hpp"

namespace larder::redis {

namespace asio = boost::asio;

namespace {

std::string encode(const tracking_options& t)
{
    if (!t.enabled) return {};
    request r;
    std::vector<std::string_view> words;
    if (t.noloop) words.emplace_back("NOLOOP");
    if (!t.prefixes.empty()) words.emplace_back("BCAST");
    for (const auto& p : t.prefixes) words.insert(words.end(), {"PREFIX", p});
    r.add("CLIENT TRACKING ON", words);
    return std::string{r.bytes()};
}

}  // namespace

client::core::core(const options& o) : settings{o, open_tls_files(o.tls), encode(o.tracking), {}, {}}
{
    if (settings.tls) {
        settings.tls->on_problem([this](const error& e) {
            if (on_failure) on_failure("tls", e);
        });
    }
    if (!settings.o.liveness) settings.o.liveness = share_liveness();
}

void client::core::add_loop(asio::io_context& loop)
{
    auto t = make_transport(loop.get_executor(), settings);
    clients.push_back(std::make_unique<detail::loop_client>(loop, settings.o, std::move(t), on_command));
}

client::client(runtime& loops, const options& o) : core_{std::make_unique<core>(o)}
{
    const auto connections = std::clamp<std::size_t>(o.limit.connections, 1, loops.loops());
    for (std::size_t i = 0; i < connections; ++i) core_->add_loop(loops.loop(i));
}

client::client(asio::io_context& loop, const options& o) : core_{std::make_unique<core>(o)} { core_->add_loop(loop); }

client::~client()
{
    for (auto& l : core_->clients) l->transport().close();
}

detail::loop_client* client::this_loop_client() const
{
    const auto i = runtime::this_loop();
    if (i < core_->clients.size() && core_->clients[i]->is_here()) return core_->clients[i].get();
    for (auto& l : core_->clients) {
        if (l->is_here()) return l.get();
    }
    return nullptr;
}

detail::loop_client& client::core::here() const
{
    for (const auto& l : clients) {
        if (l->is_here()) return *l;
    }
    return *clients.front();
}

asio::any_io_executor client::other_loop() const
{
    // Loops without a connection of their own share the existing ones evenly. Threads that run no loop use the first
    // one.
    const auto i = runtime::this_loop();
    return core_->clients[i == runtime::no_loop ? 0 : i % core_->clients.size()]->executor();
}

void client::on_failure(std::function<void(std::string_view, const error&)> f) { core_->on_failure = std::move(f); }
void client::on_command(std::function<void(const command_record&)> f) { core_->on_command = std::move(f); }
void client::on_push(std::function<void(const resp::value&)> f) { core_->settings.on_push = std::move(f); }
void client::on_connection(std::function<void(const connection_event&)> f)
{
    core_->settings.on_connection = std::move(f);
}
const options& client::settings() const noexcept { return core_->settings.o; }

void client::report(std::string_view name, const error& e) const
{
    if (core_->on_failure) core_->on_failure(name, e);
}

bool client::is_connected() const { return core_->here().transport().is_connected(); }

asio::awaitable<client_state> client::state()
{
    auto* here = this_loop_client();
    if (here != nullptr) co_return here->transport().state();
    auto there = state();
    co_return co_await asio::co_spawn(other_loop(), std::move(there), asio::use_awaitable);
}

asio::awaitable<reply<void>> client::connect()
{
    // PING goes through the same queue as every command, so its reply arrives once there is a connection.
    auto answer = co_await exec<void>(request{"PING"}, exec_options{core_->settings.o.time.connect});
    co_return answer;
}

namespace {

/// Runs on the loop of `l`, because a receiver may be running there when another thread calls disconnect().
asio::awaitable<void> close_loop(detail::loop_client& l)
{
    l.transport().close();
    while (!l.transport().closed()) co_await sleep_for(std::chrono::milliseconds{1});
}

}  // namespace

asio::awaitable<void> client::disconnect()
{
    for (auto& l : core_->clients) {
        auto closing = close_loop(*l);
        co_await asio::co_spawn(l->executor(), std::move(closing), asio::use_awaitable);
    }
}

}  // namespace larder::redis
