// SPDX-License-Identifier: MIT
// Linked into an agora with test points: kills the process with SIGKILL at the step that DIE_AT names, as soon as the
// file DIE_WHEN exists. The steps of the cache are in larder; those of a write are in killed_database, which stands
// between the program and its PostgreSQL. Start at application::open_database(), which replaces the program's own.
#include <unistd.h>

#include <agora/application/open_database.hpp>
#include <boost/describe/enum_from_string.hpp>
#include <csignal>
#include <cstdlib>
#include <string>

#include "larder/src/cache/test_points.hpp"

namespace {

using agora::storage::database;
using agora::storage::session;
using agora::storage::unit_of_work;
using boost::asio::awaitable;
using larder::step;

std::string setting(const std::string& name)
{
    for (char** e = environ; *e != nullptr; ++e)
        if (std::string_view{*e}.starts_with(name + "=")) return std::string{*e}.substr(name.size() + 1);
    return {};
}

const bool ready = [] {
    step wanted{};
    const auto name = setting("DIE_AT");
    if (!boost::describe::enum_from_string(name.c_str(), wanted)) return false;
    larder::at_step = [wanted, file = setting("DIE_WHEN")](step s, const larder::clock*) -> awaitable<void> {
        if (s == wanted && ::access(file.c_str(), F_OK) == 0) ::raise(SIGKILL);
        co_return;
    };
    return true;
}();

/// The end of a transaction.
struct ended {
    bool commit;
    bool has_error() const noexcept { return !commit; }
};

/// Reaches row_written in each transaction that has written an invalidation to the outbox, before it is committed, and
/// committed after it.
class killed_database final : public database {
 public:
    explicit killed_database(std::unique_ptr<database> inner) : inner_{std::move(inner)} {}

    awaitable<void> ping() override { return inner_->ping(); }
    awaitable<void> verify() override { return inner_->verify(); }
    std::string_view dialect() const noexcept override { return inner_->dialect(); }
    std::string describe() const override { return inner_->describe(); }
    awaitable<std::string> server_version() override { return inner_->server_version(); }
    awaitable<std::optional<std::int64_t>> foreign_writes() override { return inner_->foreign_writes(); }
    awaitable<void> run_script(std::string_view script) override { return inner_->run_script(script); }
    void close() override { inner_->close(); }

 protected:
    awaitable<void> run_read(unit_of_work& w) override
    {
        auto body = [&](session& s) -> awaitable<ended> { co_return ended{co_await w.run(s)}; };
        co_await inner_->read(body);
    }
    awaitable<void> run_write(unit_of_work& w) override
    {
        bool writes_row = false;
        auto body = [&](session& s) -> awaitable<ended> {
            const bool commit = co_await w.run(s);
            writes_row = false;
            if (commit) {
                const auto rows = co_await s.first<std::int64_t>(
                    "SELECT count(*) FROM outbox WHERE kind = 'invalidate' AND xmin = pg_current_xact_id()::xid");
                writes_row = *rows > 0;
            }
            if (writes_row) co_await larder::reach(step::row_written);
            co_return ended{commit};
        };
        co_await inner_->write(body);
        if (writes_row) co_await larder::reach(step::committed);
    }

 private:
    const std::unique_ptr<database> inner_;
};

}  // namespace

namespace agora::application {

/// The program's own open_database(), which is compiled under this name (CMakeLists.txt).
std::unique_ptr<database> open_plain_database(const config& c, larder::runtime& loops,
                                              std::chrono::milliseconds statement_timeout);

std::unique_ptr<database> open_database(const config& c, larder::runtime& loops,
                                        std::chrono::milliseconds statement_timeout)
{
    auto plain = open_plain_database(c, loops, statement_timeout);
    if (!ready) return plain;
    return std::make_unique<killed_database>(std::move(plain));
}

}  // namespace agora::application
