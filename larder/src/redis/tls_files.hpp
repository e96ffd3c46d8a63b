// SPDX-License-Identifier: MIT
// The certificates for new connections. The files are read again when they have changed, so that they can be renewed
// while the program runs. If the new files cannot be used, the old certificates stay in use and the problem is
// reported. Costs three calls of stat() per new connection. Thread-safe.
#pragma once

#include <sys/types.h>

#include <array>
#include <boost/asio/ssl/context.hpp>
#include <functional>
#include <larder/redis/options.hpp>
#include <larder/redis/outcome.hpp>
#include <memory>
#include <mutex>
#include <string>

namespace larder::redis {

class tls_files {
 public:
    /// Throws boost::system::system_error, which names the file that cannot be used.
    explicit tls_files(tls_options o);

    /// Set before the first call of current(). Called on any thread, when changed files cannot be used.
    void on_problem(std::function<void(const error&)> f) { on_problem_ = std::move(f); }

    /// The context for one new connection.
    std::shared_ptr<boost::asio::ssl::context> current();
    /// Names the file that cannot be used since it changed, and why. Empty: the current files are in use.
    std::string problem() const;

 private:
    /// Distinguishes one version of a file from the next.
    struct stamp {
        ino_t inode = 0;
        off_t size = 0;
        timespec changed{};
        bool operator==(const stamp& other) const noexcept;
    };
    using stamps = std::array<stamp, 3>;
    stamps current_stamps() const;

    const tls_options options_;
    std::function<void(const error&)> on_problem_ = [](const error&) {};
    mutable std::mutex mutex_;
    stamps read_;  ///< of the files from which context_ was made
    std::shared_ptr<boost::asio::ssl::context> context_;
    std::string problem_;
};

/// Null if TLS is not enabled. Throws as tls_files does.
std::shared_ptr<tls_files> open_tls_files(const tls_options& o);

}  // namespace larder::redis
