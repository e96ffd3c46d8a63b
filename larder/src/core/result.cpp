// SPDX-License-Identifier: MIT
// The error category of larder::errc and the texts of its codes.
#include <larder/result.hpp>

namespace larder {
namespace {

class category final : public boost::system::error_category {
 public:
    const char* name() const noexcept override { return "larder"; }

    std::string message(int code) const override
    {
        switch (static_cast<errc>(code)) {
            case errc::timed_out:
                return "the deadline passed";
            case errc::closed:
                return "closed, accepts no new work";
            case errc::overloaded:
                return "overloaded, try again later";
            case errc::malformed:
                return "malformed bytes";
            case errc::unavailable:
                return "a dependency cannot be reached";
            case errc::refused:
                return "refused by a dependency";
        }
        return "unknown larder error";
    }
};

}  // namespace

const boost::system::error_category& larder_category() noexcept
{
    static const category instance;
    return instance;
}

}  // namespace larder
