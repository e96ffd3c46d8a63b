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
struct letter {
    std::string to;
    std::string subject;
    std::string text;
};

class post_office {
 public:
    virtual ~post_office() = default;
    /// Empty when it was taken over, else what the server said.
    virtual asio::awaitable<std::string> deliver(const letter& l) = 0;
};

/// `url`: smtp://USER:PASSWORD@HOST:PORT (STARTTLS when the server has it) or smtps://.
std::unique_ptr<post_office> make_smtp(std::string url, std::string from);
/// Files NUMBER.eml, readable by their owner only.
std::unique_ptr<post_office> make_mail_folder(std::filesystem::path folder, std::string from);

/// RFC 5322, ready to be sent.
std::string format(const letter& l, const std::string& from, const std::string& date, const std::string& id);

}  // namespace agora::mail
