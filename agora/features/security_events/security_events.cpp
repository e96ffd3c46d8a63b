// SPDX-License-Identifier: MIT
// Recording and listing security events.
#include <agora/features/security_events/security_events.hpp>
#include <agora/services/services.hpp>

namespace agora::security_events {

slice::slice(services& s) : outbox_{s.outbox}, cursors_{s.cursors}, clock_{s.clock}
{
    s.routes.section("admin");
    s.routes.get("/api/admin/security-events", &slice::list, *this)
        .named("list_security_events", "Security events")
        .describe("Sign-ins, failed sign-ins and changes of accounts, the newest first.")
        .fails(api::list_problems);
}

asio::awaitable<void> slice::record(event e)
{
    co_await outbox_.write([&](storage::session& s, storage::invalidations&) -> asio::awaitable<bool> {
        co_await insert(s, e, clock_.wall());
        co_return true;
    });
}

asio::awaitable<outcome<api::list<recorded_event>>> slice::list(http::admin, const http::query<list_query>& q)
{
    if (q->user_id && *q->user_id < 1) {
        std::vector<field_error> errors;
        errors.emplace_back("user_id", field_codes::out_of_range, "must be at least 1");
        co_return failure::invalid(std::move(errors));
    }
    const auto user_id = q->user_id.value_or(0);
    const std::string whose = std::to_string(user_id);
    const api::cursors cursors{cursors_, "security", {whose}};
    const auto w = cursors.read(*q);
    if (!w) co_return w.error();
    auto rows = co_await select(outbox_.db(), user_id, *w);
    const auto id_of = [](const recorded_event& e) { return e.id; };
    co_return api::make_list(api::placed_by(std::move(rows), id_of), *w, cursors);
}

}  // namespace agora::security_events
