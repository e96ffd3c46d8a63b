// SPDX-License-Identifier: MIT
// Linked into an agora with test points: kills the process with SIGKILL at the step that DIE_AT names, as soon as the
// file DIE_WHEN exists.
#include <unistd.h>

#include <boost/describe/enum_from_string.hpp>
#include <csignal>
#include <cstdlib>
#include <larder/test_points.hpp>
#include <string>

namespace {

std::string setting(const std::string& name)
{
    for (char** e = environ; *e != nullptr; ++e)
        if (std::string_view{*e}.starts_with(name + "=")) return std::string{*e}.substr(name.size() + 1);
    return {};
}

const bool ready = [] {
    larder::step wanted{};
    const auto name = setting("DIE_AT");
    if (!boost::describe::enum_from_string(name.c_str(), wanted)) return false;
    larder::at_step = [wanted, file = setting("DIE_WHEN")](larder::step s,
                                                           const larder::clock*) -> boost::asio::awaitable<void> {
        if (s == wanted && ::access(file.c_str(), F_OK) == 0) ::raise(SIGKILL);
        co_return;
    };
    return true;
}();

}  // namespace
