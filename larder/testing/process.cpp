// SPDX-License-Identifier: MIT
// Starts a child with fork and exec. exec_child() is what the child runs between the two; a thread (collect) reads its
// output until the pipe ends. Start with the constructor of process and exec_child().
#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <larder/testing/process.hpp>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <system_error>

namespace larder::testing {

namespace {

void check(bool ok, const char* what)
{
    if (!ok) throw std::system_error{errno, std::system_category(), what};
}

/// Runs in the child between fork and exec. Uses system calls only, because other threads may have held any lock when
/// the process forked.
[[noreturn]] void exec_child(char* const* arguments, const process_options& options, int output, pid_t parent)
{
    const bool other_user = options.user != static_cast<uid_t>(-1);
    if (other_user && (setgroups(0, nullptr) != 0 || setgid(options.group) != 0 || setuid(options.user) != 0))
        _exit(127);
    // This comes after setuid, which clears it. The parent may have died before this call.
    prctl(PR_SET_PDEATHSIG, options.end_signal);
    if (getppid() != parent) _exit(127);
    if (!options.folder.empty() && chdir(options.folder.c_str()) != 0) _exit(127);
    dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    execv(arguments[0], arguments);
    _exit(127);
}

}  // namespace

temporary_folder::temporary_folder()
{
    std::string pattern = std::filesystem::temp_directory_path() / "larder-test-XXXXXX";
    check(mkdtemp(pattern.data()) != nullptr, "mkdtemp");
    path_ = pattern;
}

temporary_folder::~temporary_folder()
{
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

process::process(const std::vector<std::string>& command, const process_options& options)
    : end_signal_{options.end_signal}
{
    std::vector<char*> arguments;
    for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);

    std::array<int, 2> pipe_ends{};
    check(pipe2(pipe_ends.data(), O_CLOEXEC) == 0, "pipe2");
    const pid_t parent = getpid();
    pid_ = fork();
    if (pid_ == 0) exec_child(arguments.data(), options, pipe_ends[1], parent);
    const int error = errno;
    close(pipe_ends[1]);
    if (pid_ < 0) {
        close(pipe_ends[0]);
        throw std::system_error{error, std::system_category(), "fork"};
    }
    collector_ = std::thread{[this, pipe = pipe_ends[0]] { collect(pipe); }};
}

process::~process()
{
    if (status_ < 0) kill(end_signal_);
    wait();
    collector_.join();
}

void process::kill(int signal) const { ::kill(pid_, signal); }

int process::wait()
{
    if (status_ >= 0) return status_;
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    // The last output may still be in the pipe, and a child of the process may keep the pipe open.
    std::unique_lock lock{mutex_};
    written_.wait_for(lock, std::chrono::seconds{2}, [&] { return silent_; });
    return status_;
}

void process::collect(int pipe)
{
    std::array<char, 4096> piece;
    for (;;) {
        const auto n = read(pipe, piece.data(), piece.size());
        if (n < 0 && errno == EINTR) continue;
        const std::scoped_lock lock{mutex_};
        if (n > 0) output_.append(piece.data(), static_cast<std::size_t>(n));
        silent_ = n <= 0;
        written_.notify_all();
        if (silent_) break;
    }
    close(pipe);
}

bool process::wait_for_output(std::string_view text, std::chrono::seconds limit)
{
    std::unique_lock lock{mutex_};
    const auto found = [&] { return output_.find(text) != std::string::npos; };
    written_.wait_for(lock, limit, [&] { return silent_ || found(); });
    return found();
}

std::string process::output() const
{
    const std::scoped_lock lock{mutex_};
    return output_;
}

void run_program(const std::vector<std::string>& command, const process_options& options)
{
    process p{command, options};
    const int code = p.wait();
    if (code == 0) return;
    p.wait_for_output("\n");
    throw std::runtime_error{command.front() + " exited with " + std::to_string(code) + ": " + p.output()};
}

unsigned short free_port()
{
    using boost::asio::ip::tcp;
    boost::asio::io_context context;
    const tcp::acceptor a{context, tcp::endpoint{boost::asio::ip::address_v4::loopback(), 0}};
    return a.local_endpoint().port();
}

}  // namespace larder::testing
