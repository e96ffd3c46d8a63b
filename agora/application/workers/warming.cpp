// SPDX-License-Identifier: MIT
// The worker that loads popular responses at start; see workers.hpp.
#include <agora/application/workers/workers.hpp>
#include <agora/operations/warm_job.hpp>

namespace agora::application {

boost::asio::awaitable<void> run_warming(admin::warm_job& job, std::size_t most)
{
    if (most == 0) co_return;
    http::warm_options options;
    options.max_per_route = most;
    job.start(std::move(options));
}

}  // namespace agora::application
