// SPDX-License-Identifier: MIT
// The names of the error codes, their error category, and `condition`, which remembers why writes fail.
// Invariant: corruption is never cleared; `read_only` and `full` are cleared by the next successful write.
#include <agora/storage/error.hpp>

namespace agora::storage {

std::string_view to_string(errc e) noexcept
{
    switch (e) {
        case errc::unavailable:
            return "unavailable";
        case errc::read_only:
            return "read_only";
        case errc::full:
            return "full";
        case errc::busy:
            return "busy";
        case errc::timeout:
            return "timeout";
        case errc::conflict:
            return "conflict";
        case errc::stale_statement:
            return "stale_statement";
        case errc::access_denied:
            return "access_denied";
        case errc::corrupt:
            return "corrupt";
        case errc::unique_violation:
            return "unique_violation";
        case errc::foreign_key_violation:
            return "foreign_key_violation";
        case errc::not_null_violation:
            return "not_null_violation";
        case errc::check_violation:
            return "check_violation";
        case errc::bad_value:
            return "bad_value";
        case errc::too_large:
            return "too_large";
        case errc::invalid:
            return "invalid";
    }
    return "unknown";
}

namespace {

class category final : public boost::system::error_category {
 public:
    const char* name() const noexcept override { return "agora.storage"; }
    std::string message(int code) const override { return std::string{to_string(static_cast<errc>(code))}; }
};

}  // namespace

const boost::system::error_category& storage_category() noexcept
{
    static const category instance;
    return instance;
}

void condition::failed(errc why) noexcept
{
    if (why != errc::read_only && why != errc::full && why != errc::corrupt) return;
    if (last_.load(std::memory_order_relaxed) != static_cast<int>(errc::corrupt)) last_ = static_cast<int>(why);
}

void condition::failed(const std::exception_ptr& why) noexcept
{
    try {
        std::rethrow_exception(why);
    } catch (const sql_error& e) {
        failed(e.reason());
    } catch (...) {  // not an error of the database
    }
}

void condition::wrote() noexcept
{
    const int now = last_.load(std::memory_order_relaxed);
    if (now != none && now != static_cast<int>(errc::corrupt)) last_ = none;
}

std::optional<errc> condition::trouble() const noexcept
{
    const int now = last_.load(std::memory_order_relaxed);
    return now == none ? std::nullopt : std::optional{static_cast<errc>(now)};
}

}  // namespace agora::storage
