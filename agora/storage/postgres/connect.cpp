// SPDX-License-Identifier: MIT
#include <agora/storage/postgres/connect.hpp>
#include <agora/storage/postgres/errors.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <larder/timeout.hpp>

namespace agora::storage::postgres {

namespace {

using wait_type = watched_socket::descriptor::wait_type;

/// Waits once. The watch is made anew each time: libpq changes its socket from one address to the next.
asio::awaitable<void> wait_for(PGconn* c, wait_type what)
{
    watched_socket socket{co_await asio::this_coro::executor, c};
    co_await socket->async_wait(what, asio::use_awaitable);
}

/// Returns why it could not; empty when connected. Not thrown, since a deadline's `||` goes on waiting for the timer
/// when the work throws.
asio::awaitable<std::string> finish_connecting(PGconn* c)
{
    for (auto next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK; next = PQconnectPoll(c)) {
        if (next == PGRES_POLLING_FAILED) co_return last_message(c);
        co_await wait_for(c, next == PGRES_POLLING_READING ? wait_type::wait_read : wait_type::wait_write);
    }
    co_return std::string{};
}

std::string server_settings(role r, const postgres_options& options)
{
    const auto limit = r == role::scripts ? 0 : options.statement_timeout.count();
    std::string text = "-c statement_timeout=" + std::to_string(limit);
    if (r == role::reads) text += " -c default_transaction_read_only=on";
    return text;
}

}  // namespace

target::target(const postgres_options& options) : options_{options}
{
    char* message = nullptr;
    PQconninfoOption* parsed = PQconninfoParse(options.url.c_str(), &message);
    PQfreemem(message);  // it may quote the password
    if (parsed == nullptr) throw std::invalid_argument{"the PostgreSQL URL cannot be read"};
    for (const auto* o = parsed; o->keyword != nullptr; ++o) {
        if (o->val != nullptr) settings_[o->keyword] = o->val;
    }
    PQconninfoFree(parsed);
    settings_.try_emplace("application_name", "agora");
    // A server that is gone without a word is noticed although nothing closes the socket.
    settings_.try_emplace("tcp_user_timeout", std::to_string((options.statement_timeout * 2).count()));
    settings_["client_encoding"] = "UTF8";
}

std::string target::setting(const std::string& name, std::string_view fallback) const
{
    const auto found = settings_.find(name);
    return found == settings_.end() ? std::string{fallback} : found->second;
}

std::string target::describe() const
{
    return "postgresql://" + setting("user", "") + "@" + setting("host", "localhost") + ":" + setting("port", "5432") +
           "/" + setting("dbname", setting("user", ""));
}

asio::awaitable<connection_handle> target::connect(role r) const
{
    auto settings = settings_;
    settings["options"] += " " + server_settings(r, options_);
    std::vector<const char*> keywords;
    std::vector<const char*> values;
    for (const auto& [keyword, value] : settings) {
        keywords.push_back(keyword.c_str());
        values.push_back(value.c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);

    connection_handle c{PQconnectStartParams(keywords.data(), values.data(), 0)};
    if (!c || PQstatus(c.get()) == CONNECTION_BAD) {
        std::rethrow_exception(unavailable(c ? last_message(c.get()) : "out of memory"));
    }
    PQsetNoticeProcessor(c.get(), [](void*, const char*) {}, nullptr);  // libpq would print them
    const auto failure = co_await larder::with_timeout(finish_connecting(c.get()), options_.connect_timeout);
    if (!failure.empty()) std::rethrow_exception(unavailable(failure));
    PQsetnonblocking(c.get(), 1);
    co_return c;
}

asio::awaitable<void> run_script(PGconn* c, std::string_view script)
{
    const std::string text{script};
    if (PQsendQuery(c, text.c_str()) == 0) std::rethrow_exception(unavailable(last_message(c)));
    while (PQflush(c) == 1) co_await wait_for(c, wait_type::wait_write);
    std::exception_ptr error;
    for (;;) {
        while (PQisBusy(c) != 0) {
            co_await wait_for(c, wait_type::wait_read);
            if (PQconsumeInput(c) == 0) std::rethrow_exception(unavailable(last_message(c)));
        }
        const result_handle r{PQgetResult(c)};
        if (!r) break;
        if (PQresultStatus(r.get()) == PGRES_FATAL_ERROR && !error) error = error_of(r.get(), "a script");
    }
    if (error) std::rethrow_exception(error);
}

}  // namespace agora::storage::postgres
