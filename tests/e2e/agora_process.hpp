// SPDX-License-Identifier: MIT
// Runs the real binary: agora_process serves on a free port, a community is the database that it serves. call() sends
// one request and returns the response.
#pragma once

#include <agora/http/http_test/raw_client.hpp>
#include <chrono>
#include <fstream>
#include <larder/testing/postgres_server.hpp>
#include <larder/testing/process.hpp>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace agora::e2e {

inline const std::string service_token = "e2e-service-token";
inline const std::string demo = DEMO_DATA;
inline const std::string binary = AGORA_BINARY;

/// The command `env -i NAME=VALUE ... agora ARGUMENTS`: agora sees only these settings, not the caller's environment.
inline std::vector<std::string> agora_command(const std::vector<std::string>& settings,
                                              const std::vector<std::string>& arguments,
                                              const std::string& program = binary)
{
    std::vector<std::string> command{"/usr/bin/env", "-i"};
    command.insert(command.end(), settings.begin(), settings.end());
    command.push_back(program);
    command.insert(command.end(), arguments.begin(), arguments.end());
    return command;
}

/// What a command that has ended has left behind.
struct finished {
    int code;
    std::string output;
    bool has(const std::string& part) const { return output.find(part) != std::string::npos; }
};

/// Runs a command and waits for its end.
inline finished finish(const std::vector<std::string>& command, const larder::testing::process_options& as = {})
{
    larder::testing::process p{command, as};
    const int code = p.wait();
    return {code, p.output()};
}

/// Runs agora and waits for its end.
inline finished run(const std::vector<std::string>& arguments, const std::vector<std::string>& settings = {},
                    const larder::testing::process_options& as = {})
{
    return finish(agora_command(settings, arguments), as);
}

/// A database and a data folder that outlive the processes that serve them.
class community {
 public:
    explicit community(const std::string& backend)
    {
        if (backend == "postgresql") database_url_ = larder::testing::postgres_server::shared().create_database();
    }

    std::vector<std::string> settings() const
    {
        std::vector<std::string> s{"AGORA_SERVICE_TOKEN=" + service_token, "ACCESS_LOG=off", "LOOPS=2",
                                   "LOG_LEVEL=error", "AGORA_DATA=" + folder_.path().string()};
        if (!database_url_.empty()) s.push_back("DATABASE_URL=" + database_url_);
        return s;
    }
    std::filesystem::path folder() const { return folder_.path(); }
    std::string database() const { return database_url_.substr(database_url_.rfind('/') + 1); }

 private:
    larder::testing::temporary_folder folder_;
    std::string database_url_;
};

/// A running `agora serve`. The constructor returns when it accepts requests.
class agora_process {
 public:
    explicit agora_process(const community& c, const std::vector<std::string>& more_settings = {},
                           bool with_demo = true, const std::string& program = binary)
    {
        auto settings = c.settings();
        settings.insert(settings.end(), more_settings.begin(), more_settings.end());
        std::vector<std::string> arguments{"serve", "--port", "0"};
        if (with_demo) arguments.insert(arguments.end(), {"--demo", demo});
        process_ = std::make_unique<larder::testing::process>(agora_command(settings, arguments, program));
        const std::string before = "serves on http://127.0.0.1:";
        if (!process_->wait_for_output("openapi.json"))
            throw std::runtime_error{"agora did not start:\n" + process_->output()};
        const auto out = process_->output();
        port_ = static_cast<std::uint16_t>(std::stoi(out.substr(out.find(before) + before.size())));
    }

    std::uint16_t port() const { return port_; }
    pid_t pid() const { return process_->pid(); }
    void signal(int number) { process_->kill(number); }
    int wait() { return process_->wait(); }
    std::string output() const { return process_->output(); }
    /// Waits up to 20 s until the output contains `text` after the first `after`, and returns the output. A thread of
    /// its own writes the log, so an entry may come a little later than the event.
    std::string output_with(std::string_view text, std::string_view after = {}) const
    {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{20};
        for (;;) {
            auto out = output();
            const auto from = out.find(after);
            const bool there = from != std::string::npos && out.find(text, from) != std::string::npos;
            if (there || std::chrono::steady_clock::now() > end) return out;
            std::this_thread::yield();
        }
    }

 private:
    std::unique_ptr<larder::testing::process> process_;
    std::uint16_t port_ = 0;
};

/// A response, split into its parts.
struct answer {
    explicit answer(const std::string& bytes)
        : status{bytes.size() > 12 ? std::stoi(bytes.substr(9, 3)) : 0},
          head{bytes.substr(0, bytes.find("\r\n\r\n") + 2)},
          body{bytes.substr(std::min(bytes.size(), bytes.find("\r\n\r\n") + 4))}
    {}
    std::string field(const std::string& name) const
    {
        const auto at = head.find("\r\n" + name + ": ");
        if (at == std::string::npos) return {};
        const auto start = at + name.size() + 4;
        return head.substr(start, head.find("\r\n", start) - start);
    }
    int status;
    std::string head;
    std::string body;
};

inline std::string request_text(const std::string& method, const std::string& target, const std::string& fields = {},
                                const std::string& body = {})
{
    std::string text = method + " " + target + " HTTP/1.1\r\nHost: e2e\r\n" + fields;
    if (!body.empty())
        text += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    return text + "\r\n" + body;
}

inline const std::string as_operator = "Authorization: Bearer " + service_token + "\r\n";

#ifdef RECORDED_ANSWERS
/// Appends an answer to the file of this test program, for tests/openapi/recorded.mjs: a line
/// `METHOD TARGET STATUS TYPE SIZE`, the body, and a line end. Compressed bodies are left out.
inline void record(const std::string& method, const std::string& target, const answer& a)
{
    static std::mutex mutex;
    static std::ofstream out{RECORDED_ANSWERS, std::ios::binary | std::ios::trunc};
    if (!a.field("Content-Encoding").empty() || target.find(' ') != std::string::npos) return;
    const auto type = a.field("Content-Type");
    const std::lock_guard lock{mutex};
    out << method << ' ' << target << ' ' << a.status << ' ' << (type.empty() ? "-" : type.substr(0, type.find(';')))
        << ' ' << a.body.size() << '\n'
        << a.body << '\n';
}
#endif

inline answer call(std::uint16_t port, const std::string& method, const std::string& target,
                   const std::string& fields = {}, const std::string& body = {})
{
    http::raw_client client{port};
    client.send(request_text(method, target, fields, body));
    answer received{client.answer(method != "HEAD")};
#ifdef RECORDED_ANSWERS
    record(method, target, received);
#endif
    return received;
}

/// All values of `"name":` in a JSON text, as they are written there: strings keep their quotes.
inline std::vector<std::string> values_of(const std::string& json, const std::string& name)
{
    std::vector<std::string> found;
    const std::string key = "\"" + name + "\":";
    for (auto at = json.find(key); at != std::string::npos; at = json.find(key, at + 1)) {
        const auto start = at + key.size();
        const auto end = json[start] == '"' ? json.find('"', start + 1) + 1 : json.find_first_of(",}]", start);
        found.push_back(json.substr(start, end - start));
    }
    return found;
}

}  // namespace agora::e2e
