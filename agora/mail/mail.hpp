// SPDX-License-Identifier: MIT
// Sending mail: to an SMTP server, or into files in development. One letter at a time, on a thread of its own; the
// deadline of each is 30 s. Thread-safe.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <memory>
#include <string>

namespace agora::mail {

namespace asio = boost::asio;

/// Plain text in UTF-8. Its parts must hold no line ends but the text's own.
struct email {
    std::string to;
    std::string subject;
    std::string text;
};

class mailer {
 public:
    virtual ~mailer() = default;
    /// Empty when it was taken over, else what the server said.
    virtual asio::awaitable<std::string> deliver(const email& l) = 0;
    /// Ends the delivery that runs, soon and as a failure, and those to come at once. From any thread.
    virtual void stop() noexcept = 0;
};

/// `required`: with a user or password in the URL nothing is sent before TLS with a valid certificate. `optional`: TLS
/// when the server has it, whatever its certificate, else without.
enum class mail_tls { required, optional };

/// `url`: smtp://USER:PASSWORD@HOST:PORT (STARTTLS) or smtps://.
std::unique_ptr<mailer> make_smtp(std::string url, std::string from, mail_tls tls);
/// Files NUMBER.eml, readable by their owner only.
std::unique_ptr<mailer> make_mail_folder(std::filesystem::path folder, std::string from);

/// RFC 5322, ready to be sent.
std::string format(const email& l, const std::string& from, const std::string& date, const std::string& id);

}  // namespace agora::mail
