// SPDX-License-Identifier: MIT
// See passwords.hpp. refuse_password() and is_common() are pure; hash() and verify() run argon2id on the pool through
// in_turn(). The number of places is three per thread: one that hashes and two that wait.
#include <sodium/core.h>
#include <sodium/crypto_pwhash.h>
#include <sodium/randombytes.h>
#include <sodium/utils.h>
#include <sys/resource.h>
#include <unistd.h>
#include <agora/api/text.hpp>
#include <agora/credentials/passwords.hpp>
#include <agora/credentials/problem_codes.hpp>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <larder/ascii.hpp>
#include <stdexcept>

#include "common_passwords.hpp"

namespace agora::field_codes {
const field_code too_common{"too_common", "The password is easy to guess."};
const field_code too_short{"too_short", "The text is shorter than the message says."};
}  // namespace agora::field_codes

namespace agora::credentials {
namespace {

bool is_letter(char c) noexcept { return c >= 'a' && c <= 'z'; }

std::size_t one_per_two_cores() { return static_cast<std::size_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN) / 2)); }

/// The letter that a digit or sign stands for.
char meant(char c) noexcept
{
    constexpr std::string_view written = "0134578@$!|";
    constexpr std::string_view letters = "oieastbasii";
    const auto at = written.find(c);
    return at == std::string_view::npos ? c : letters[at];
}

bool in_list(std::string_view word) { return std::ranges::binary_search(common_passwords, word); }

/// Whether the word is in the list, as it is or with its digits and signs replaced by letters.
bool known(std::string word)
{
    if (in_list(word)) return true;
    std::ranges::transform(word, word.begin(), meant);
    return in_list(word);
}

bool keys_in_a_row(std::string_view word)
{
    constexpr std::array<std::string_view, 9> rows{
        "1234567890", "qwertyuiop", "asdfghjkl",           "zxcvbnm", "abcdefghijklmnopqrstuvwxyz", "qwertzuiop",
        "yxcvbnm",    "azertyuiop", "1q2w3e4r5t6y7u8i9o0p"};
    // The word has to consist of runs of at least three adjacent keys, in either direction.
    while (!word.empty()) {
        std::size_t longest = 0;
        for (const auto row : rows) {
            const std::string back{row.rbegin(), row.rend()};
            for (const std::string_view way : {row, std::string_view{back}}) {
                const auto at = way.find(word.front());
                std::size_t n = 0;
                while (at != std::string_view::npos && n < word.size() && at + n < way.size() && way[at + n] == word[n])
                    ++n;
                longest = std::max(longest, n);
            }
        }
        if (longest < 3) return false;
        word.remove_prefix(longest);
    }
    return true;
}

}  // namespace

bool is_common(std::string_view password)
{
    std::string word{password};
    std::ranges::transform(word, word.begin(), larder::to_lower);
    if (std::ranges::all_of(word, [&](char c) { return c == word.front(); })) return true;
    const auto half = word.size() / 2;
    if (word.size() % 2 == 0 && word.substr(0, half) == word.substr(half)) return true;
    if (keys_in_a_row(word) || known(word)) return true;
    // A word from the list with up to six digits or signs around it.
    const auto first = std::ranges::find_if(word, is_letter);
    const auto last = std::find_if(word.rbegin(), word.rend(), is_letter).base();
    if (first >= last) return false;
    const std::string core{first, last};
    const std::string from_front{word.begin(), last};
    return word.size() - core.size() <= 6 && (known(core) || known(from_front) || keys_in_a_row(core));
}

std::optional<field_error> refuse_password(std::string_view password,
                                           std::initializer_list<std::string_view> taken_words)
{
    const auto size = api::characters(password);
    if (size < min_password) return field_error{"password", field_codes::too_short, "must have at least 8 characters"};
    if (size > max_password) return field_error{"password", field_codes::too_long, "must have at most 1024 characters"};
    std::string word{password};
    std::ranges::transform(word, word.begin(), larder::to_lower);
    const bool own = std::ranges::any_of(taken_words, [&](std::string_view t) { return !t.empty() && word == t; });
    if (own) return field_error{"password", field_codes::too_common, "must not be your own name or address"};
    if (is_common(password))
        return field_error{"password", field_codes::too_common, "is too common; choose another one"};
    return std::nullopt;
}

password_hasher::password_hasher(hashing_cost cost, std::size_t threads)
    : cost_{cost}, most_{3 * (threads != 0 ? threads : one_per_two_cores())}, pool_{most_ / 3}
{
    if (sodium_init() < 0) throw std::runtime_error{"libsodium cannot be started"};
}

namespace {

std::string hash_of(std::string_view password, const hashing_cost& cost)
{
    std::string out(crypto_pwhash_STRBYTES, '\0');
    if (crypto_pwhash_str_alg(out.data(), password.data(), password.size(), cost.passes, cost.memory,
                              crypto_pwhash_ALG_ARGON2ID13) != 0)
        throw std::bad_alloc{};
    out.resize(out.find('\0'));
    return out;
}

}  // namespace

const std::string& password_hasher::nobodys_hash()
{
    std::call_once(made_, [this] {
        std::string nobody_knows(32, '\0');
        randombytes_buf(nobody_knows.data(), nobody_knows.size());
        nobodys_ = hash_of(nobody_knows, cost_);
    });
    return nobodys_;
}

password_hasher::~password_hasher() { pool_.join(); }

outcome<password_hasher::place> password_hasher::enter()
{
    if (inside_.fetch_add(1) < most_) return place{inside_};
    --inside_;
    ++refused_;
    return failure{problems::too_many_sign_ins, "too many people are signing in at the moment; try again"};
}

template <class T, class F>
asio::awaitable<T> password_hasher::in_turn(F work)
{
    auto there = [](F& w) -> asio::awaitable<T> {
        // Requests have priority, but on busy cores a sign-in still gets about a thirtieth of one core. With SCHED_IDLE
        // it would wait for a minute.
        thread_local const bool polite = ::setpriority(PRIO_PROCESS, 0, 15) == 0;
        static_cast<void>(polite);
        co_return w();
    };
    auto running = there(work);
    co_return co_await asio::co_spawn(pool_, std::move(running), asio::use_awaitable);
}

asio::awaitable<std::string> password_hasher::hash(const place&, std::string password)
{
    auto work = [&] { return hash_of(password, cost_); };
    auto done = co_await in_turn<std::string>(std::ref(work));
    sodium_memzero(password.data(), password.size());
    co_return done;
}

asio::awaitable<bool> password_hasher::verify(const place&, std::string password, std::optional<std::string> hash)
{
    auto work = [&] {
        const auto& nobodys = nobodys_hash();  // always made, so that the first unknown name does not take longer
        const auto& against = hash ? *hash : nobodys;
        return crypto_pwhash_str_verify(against.c_str(), password.data(), password.size()) == 0;
    };
    const bool fits = co_await in_turn<bool>(std::ref(work));
    sodium_memzero(password.data(), password.size());
    co_return fits&& hash;
}

bool password_hasher::outdated(const std::string& hash) const
{
    return crypto_pwhash_str_needs_rehash(hash.c_str(), cost_.passes, cost_.memory) != 0;
}

}  // namespace agora::credentials
