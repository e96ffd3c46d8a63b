// SPDX-License-Identifier: MIT
// Runs render_markdown() on a pool. Start with renderer::render(): queue_slot counts the texts that are being
// rendered or wait, and a text above the maximum is refused at once. The threads of the pool use SCHED_BATCH, so that
// event loops on the same cores are not delayed.
#include <sched.h>
#include <unistd.h>
#include <agora/markup/markdown.hpp>
#include <agora/markup/renderer.hpp>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace agora::field_codes {
const field_code too_complex{"too_complex", "Rendering the Markdown would take too long."};
}  // namespace agora::field_codes

namespace agora::markup {

namespace {

std::size_t one_per_two_cores() { return static_cast<std::size_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN) / 2)); }

/// Renders on the calling thread, which belongs to the pool.
asio::awaitable<std::optional<std::string>> render_on_pool(std::string markdown)
{
    // With SCHED_BATCH, an event loop that wakes up preempts this thread immediately.
    const sched_param none{};
    thread_local const bool batch = ::sched_setscheduler(0, SCHED_BATCH, &none) == 0;
    static_cast<void>(batch);
    co_return render_markdown(markdown);
}

failure too_complex()
{
    std::vector<field_error> errors;
    errors.emplace_back("body", field_codes::too_complex,
                        "is nested too deeply, or has too many formatting marks or links in one paragraph; separate "
                        "paragraphs by empty lines, and put ``` around code");
    return failure::invalid(std::move(errors));
}

/// Counts one text while it waits or is being rendered. number(): how many texts were already counted.
class queue_slot {
 public:
    explicit queue_slot(std::atomic<std::size_t>& taken) noexcept : taken_{taken}, number_{taken.fetch_add(1)} {}
    queue_slot(const queue_slot&) = delete;
    ~queue_slot() { --taken_; }
    std::size_t number() const noexcept { return number_; }

 private:
    std::atomic<std::size_t>& taken_;
    const std::size_t number_;
};

}  // namespace

renderer::renderer(std::size_t threads, std::size_t max_pending)
    : max_pending_{max_pending}, pool_{threads != 0 ? threads : one_per_two_cores()}
{}

renderer::~renderer() { pool_.join(); }

asio::awaitable<outcome<std::string>> renderer::render(std::string markdown)
{
    const queue_slot mine{pending_};
    if (mine.number() >= max_pending_)
        co_return failure{problems::too_many_texts, "too many texts are being rendered; try again"};
    auto work = render_on_pool(std::move(markdown));
    std::optional<std::string> html = co_await asio::co_spawn(pool_, std::move(work), asio::use_awaitable);
    if (!html) co_return too_complex();
    co_return *std::move(html);
}

}  // namespace agora::markup
