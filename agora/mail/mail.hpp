// SPDX-License-Identifier: MIT
// Sending mail: to an SMTP server, or into files during development. The SMTP mailer sends one email at a time, on a
// thread of its own, with a deadline of 30 s for each. Thread-safe.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <memory>
#include <string>

namespace agora::mail {

namespace asio = boost::asio;

/// An email in plain text, UTF-8. `to` and `subject` must not contain line breaks.
struct email {
    std::string to;
    std::string subject;
    std::string text;
};

class mailer {
 public:
    virtual ~mailer() = default;
    /// Sends the email. Returns an empty string when the mail server has accepted it, otherwise the error as text.
    virtual asio::awaitable<std::string> deliver(const email& e) = 0;
    /// Makes the running delivery fail within about a second, and later ones immediately. May be called from any
    /// thread.
    virtual void stop() noexcept = 0;
};

/// `required`: if the URL has a user or password, nothing is sent before TLS with a valid certificate is established.
/// `optional`: TLS if the server offers it, with any certificate, otherwise no TLS.
enum class mail_tls { required, optional };

/// `url`: smtp://USER:PASSWORD@HOST:PORT (STARTTLS) or smtps://.
std::unique_ptr<mailer> make_smtp(std::string url, std::string from, mail_tls tls);
/// Writes each email to a file `<random>.eml` in the folder, readable only by its owner.
std::unique_ptr<mailer> make_mail_folder(std::filesystem::path folder, std::string from);

/// The message as RFC 5322 text. Throws std::invalid_argument when an address or the subject contains a line break.
std::string format(const email& e, const std::string& from, const std::string& date, const std::string& id);

}  // namespace agora::mail
