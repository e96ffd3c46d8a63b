// SPDX-License-Identifier: MIT
// Changes the clocks of another process, which runs under clock_shim.cpp, at once and while it runs.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace larder::testing {

class shifted_clock {
 public:
    /// `shim` is the path of the library. `file` is created here and read by the processes.
    shifted_clock(std::string shim, const std::filesystem::path& file) : shim_{std::move(shim)}, path_{file}
    {
        const int f = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (f < 0 || ::ftruncate(f, size) != 0) throw std::runtime_error{"cannot create the clock file"};
        at_ = static_cast<volatile std::int64_t*>(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0));
        ::close(f);
    }
    /// The environment variables for the process.
    std::vector<std::string> environment() const { return {"LD_PRELOAD=" + shim_, "CLOCK_SHIM=" + path_.string()}; }
    /// Sets how far the wall clock is ahead of the real one.
    void shift(std::chrono::milliseconds by) { at_[0] = std::chrono::microseconds{by}.count(); }
    /// Simulates that the machine was suspended for this much longer.
    void suspend(std::chrono::milliseconds by) { at_[2] = at_[2] + std::chrono::microseconds{by}.count(); }

 private:
    static constexpr std::size_t size = 3 * sizeof(std::int64_t);
    std::string shim_;
    std::filesystem::path path_;
    volatile std::int64_t* at_;
};

}  // namespace larder::testing
