// SPDX-License-Identifier: MIT
// The names of the error codes, their error category, and `condition`, which remembers why writes fail.
// Invariant: corruption is never cleared; `read_only` and `full` are cleared by the next successful write.
#include <agora/storage/error.hpp>
#include <boost/describe/enum_to_string.hpp>

namespace agora::storage {

std::string_view to_string(errc e) noexcept { return boost::describe::enum_to_string(e, "unknown"); }

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

std::optional<errc> condition::write_error() const noexcept
{
    const int now = last_.load(std::memory_order_relaxed);
    return now == none ? std::nullopt : std::optional{static_cast<errc>(now)};
}

}  // namespace agora::storage
