// SPDX-License-Identifier: MIT
// The clocks of another process that runs under clock_shim.cpp: they are changed at once, while it runs.
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
    /// `shim`: the library; `file`: made, and read by the processes.
    shifted_clock(std::string shim, const std::filesystem::path& file) : shim_{std::move(shim)}, path_{file}
    {
        const int f = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (f < 0 || ::ftruncate(f, size) != 0) throw std::runtime_error{"no clock file"};
        at_ = static_cast<volatile std::int64_t*>(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0));
        ::close(f);
    }
    /// Variables for the process.
    std::vector<std::string> environment() const { return {"LD_PRELOAD=" + shim_, "CLOCK_SHIM=" + path_.string()}; }
    /// The wall clock shows so much more than the real one.
    void shift(std::chrono::milliseconds by) { at_[0] = std::chrono::microseconds{by}.count(); }
    /// As if the machine had been suspended for so much longer.
    void suspend(std::chrono::milliseconds by) { at_[2] = at_[2] + std::chrono::microseconds{by}.count(); }

 private:
    static constexpr std::size_t size = 3 * sizeof(std::int64_t);
    std::string shim_;
    std::filesystem::path path_;
    volatile std::int64_t* at_;
};

}  // namespace larder::testing
