// SPDX-License-Identifier: MIT
// The certificates that new connections use. They are read again when their files have changed, so that they can be
// renewed under a running program; if the new ones cannot be used, the old ones stay in use and the problem is told.
// It costs three calls of stat() for each new connection. Thread-safe.
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
    /// Throws boost::system::system_error naming the file that cannot be used.
    explicit tls_files(tls_options o);

    /// Set before the first call of current(): called, on any thread, when the files cannot be used any more.
    void on_problem(std::function<void(const error&)> f) { told_ = std::move(f); }

    /// For one new connection.
    std::shared_ptr<boost::asio::ssl::context> current();
    /// Names the file that cannot be used since it changed, and why; empty: they are in use.
    std::string problem() const;

 private:
    /// What tells one state of a file from the next.
    struct stamp {
        ino_t inode = 0;
        off_t size = 0;
        timespec changed{};
        bool operator==(const stamp& other) const noexcept;
    };
    using stamps = std::array<stamp, 3>;
    stamps look() const;

    const tls_options options_;
    std::function<void(const error&)> told_ = [](const error&) {};
    mutable std::mutex mutex_;
    stamps read_;  ///< of the files as they were when context_ was made
    std::shared_ptr<boost::asio::ssl::context> context_;
    std::string problem_;
};

/// Null without TLS. Throws as tls_files does.
std::shared_ptr<tls_files> open_tls_files(const tls_options& o);

}  // namespace larder::redis
