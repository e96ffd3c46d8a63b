// SPDX-License-Identifier: MIT
// Counting and delaying attempts, see password_attempts.hpp. Start at begin(), which counts an attempt, and wait(),
// which delays it. At most `attempt_pace::waiters` attempts wait for one account in this process.
#include <agora/credentials/secrets.hpp>
#include <agora/features/accounts/password_attempts.hpp>
#include <agora/features/accounts/problem_codes.hpp>
#include <algorithm>
#include <larder/timeout.hpp>

namespace agora::accounts {
namespace {

using namespace std::chrono_literals;

constexpr auto look_again = 250ms;  // how often a waiting attempt checks whether it was displaced

failure too_many(std::chrono::milliseconds retry)
{
    failure f{problems::too_many_tries,
              "too many wrong passwords for this account; try again later, or reset the password by email"};
    f.retry_after = std::max(std::chrono::ceil<std::chrono::seconds>(retry), 1s);
    return f;
}

std::string account_key(attempt_purpose why, std::int64_t user_id, std::string_view login)
{
    // The login is hashed, because it can be very long and must not be readable in Redis.
    const std::string prefix = why == attempt_purpose::sign_in ? "sign-in:" : "confirm:";
    return prefix + (user_id != 0 ? std::to_string(user_id) : credentials::hash_of_secret(login));
}

/// How many failures were counted before this attempt.
std::uint32_t failures_before(const larder::rate_limit& of, const larder::limit_decision& d)
{
    const auto quota = of.rule().quota;
    return d.allowed ? quota - std::min(quota, d.remaining + 1) : quota;
}

}  // namespace

std::chrono::milliseconds slow_down(std::uint32_t failures, const attempt_pace& pace) noexcept
{
    if (failures < pace.free) return 0ms;
    return std::min(pace.step * (failures - pace.free + 1), pace.longest);
}

password_attempt::password_attempt(attempt_purpose why, std::int64_t user, std::string_view login,
                                   std::string from_network)
    : purpose{why}, user_id{user}, network{std::move(from_network)}, account{account_key(why, user, login)}
{}

/// A place among the attempts that wait for an account. The destructor frees it.
class password_attempts::seat {
 public:
    seat(password_attempts& of, const std::string& account, std::uint32_t failures)
        : of_{of}, account_{account}, waiter_{of.enter(account, failures)}
    {}
    ~seat()
    {
        if (waiter_) of_.remove(account_, waiter_);
    }
    seat(const seat&) = delete;
    bool lost() const noexcept { return !waiter_ || waiter_->displaced; }

 private:
    password_attempts& of_;
    const std::string& account_;
    std::shared_ptr<waiter> waiter_;
};

std::shared_ptr<password_attempts::waiter> password_attempts::enter(const std::string& account, std::uint32_t failures)
{
    const std::lock_guard lock{mutex_};
    auto& all = waiting_[account];
    if (all.size() >= pace_.waiters) {
        // An attacker with few networks must not keep others out by filling all places.
        const auto worst = std::ranges::max_element(all, {}, [](const auto& w) { return w->failures; });
        if (worst == all.end() || (*worst)->failures <= failures) return nullptr;
        (*worst)->displaced = true;
        all.erase(worst);
    }
    return all.emplace_back(std::make_shared<waiter>(failures));
}

void password_attempts::remove(const std::string& account, const std::shared_ptr<waiter>& w)
{
    const std::lock_guard lock{mutex_};
    const auto found = waiting_.find(account);
    if (found == waiting_.end()) return;
    std::erase(found->second, w);
    if (found->second.empty()) waiting_.erase(found);
}

std::size_t password_attempts::waiting() const
{
    const std::lock_guard lock{mutex_};
    std::size_t n = 0;
    for (const auto& [account, all] : waiting_) n += all.size();
    return n;
}

asio::awaitable<outcome<void>> password_attempts::wait(password_attempt& a, std::chrono::milliseconds time)
{
    const seat mine{*this, a.account, failures_before(by_network_, a.by_network_)};
    const auto until = std::chrono::steady_clock::now() + time;
    while (!mine.lost()) {
        const auto left = until - std::chrono::steady_clock::now();
        if (left <= 0ms) co_return outcome<void>{};
        co_await larder::sleep_for(std::min<std::chrono::steady_clock::duration>(left, look_again));
    }
    co_return too_many(pace_.longest);
}

asio::awaitable<outcome<void>> password_attempts::begin(password_attempt& a)
{
    const bool known = co_await networks_.contains(a.user_id, a.network);
    // A sign-in from a known network is not counted, so that others in the owner's network cannot lock the owner out. A
    // confirmation is counted even there, so that a stolen session cannot be used to guess the password.
    if (known && a.purpose == attempt_purpose::sign_in) co_return outcome<void>{};
    a.by_network_ = co_await by_network_.take(a.pair());
    if (!a.by_network_.allowed) co_return too_many(a.by_network_.retry_after);
    a.counted_ = true;
    if (known) co_return outcome<void>{};
    a.by_account_ = co_await by_account_.take(a.account);
    a.slowed_ = true;
    const auto time = slow_down(failures_before(by_account_, a.by_account_), pace_);
    if (time == 0ms) co_return outcome<void>{};
    ++waited_;
    auto done = co_await wait(a, time);
    if (!done) co_await refund(a);
    co_return done;
}

asio::awaitable<void> password_attempts::refund(const password_attempt& a)
{
    if (a.counted_) co_await by_network_.refund(a.pair(), a.by_network_);
    if (a.slowed_) co_await by_account_.refund(a.account, a.by_account_);
}

asio::awaitable<void> password_attempts::remember_network(std::int64_t user_id, std::string network)
{
    co_await networks_.remember(user_id, std::move(network));
}

}  // namespace agora::accounts
