// SPDX-License-Identifier: MIT
// Runs http::warm() in the background and records its progress.
#include <agora/log.hpp>
#include <agora/operations/warm_job.hpp>

namespace agora::admin {

bool warm_job::start(http::warm_options order)
{
    {
        const std::lock_guard lock{mutex_};
        if (report_.state == "running") return false;
        report_ = {};
        report_.state = "running";
        began_ = std::chrono::steady_clock::now();
    }
    spawn_(run(std::move(order)));
    return true;
}

warm_report warm_job::report() const
{
    const std::lock_guard lock{mutex_};
    return report_;
}

bool warm_job::note(const http::warm_progress& p)
{
    const std::lock_guard lock{mutex_};
    report_.total = p.total;
    report_.done = p.done();
    report_.loaded = p.loaded;
    report_.fresh = p.fresh;
    report_.failed = p.failed;
    report_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
    return !draining_();
}

asio::awaitable<void> warm_job::run(http::warm_options order)
{
    const std::function<bool(const http::warm_progress&)> go_on = [this](const auto& p) { return note(p); };
    std::string state = "failed";
    try {
        const auto p = co_await http::warm(routes_, std::move(order), go_on);
        state = p.done() == p.total ? "done" : "stopped";
        log::info("warming the cache: {} responses loaded, {} were already cached, {} failed", p.loaded, p.fresh,
                  p.failed);
    } catch (const std::exception& e) {
        log::warn("warming the cache failed: {}", e.what());
    }
    const std::lock_guard lock{mutex_};
    report_.state = state;
}

}  // namespace agora::admin
