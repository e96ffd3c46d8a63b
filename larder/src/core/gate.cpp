// SPDX-License-Identifier: MIT
// How gate::drained() waits.
#include "gate.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace larder {

boost::asio::awaitable<void> gate::drained()
{
    // The timer never fires; close() and the last leave() cancel it.
    while (!closed_ || inside_ != 0) {
        boost::system::error_code ec;
        co_await empty_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ec));
    }
}

}  // namespace larder
