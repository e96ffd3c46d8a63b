// SPDX-License-Identifier: MIT
// The worker that sends the emails that wait in the database; see workers.hpp.
#include <agora/application/workers/workers.hpp>
#include <agora/features/account_recovery/account_recovery.hpp>
#include <agora/log.hpp>
#include <agora/mail/mail.hpp>
#include <larder/runtime.hpp>
#include <larder/timeout.hpp>

namespace agora::application {

namespace asio = boost::asio;

namespace {

constexpr auto mail_interval = std::chrono::milliseconds{500};

asio::awaitable<void> send_waiting(account_recovery::slice& recovery, mail::mailer& mailer)
{
    try {
        bool more = true;
        while (more) more = co_await recovery.send_next(mailer);
    } catch (const std::exception& e) {
        log::debug("mail: {}", e.what());  // the database is unreachable; the health check reports it
    }
}

}  // namespace

asio::awaitable<void> run_mail(account_recovery::slice& recovery, mail::mailer& mailer, larder::runtime& loops)
{
    while (!loops.stopping()) {
        co_await larder::sleep_for(mail_interval);
        co_await send_waiting(recovery, mailer);
    }
}

}  // namespace agora::application
