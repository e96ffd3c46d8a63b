// SPDX-License-Identifier: MIT
// The two mailers. Start with smtp::deliver(), which runs send() on a thread of its own, because libcurl blocks; stop()
// makes libcurl's progress callback abort the transfer. mail_folder writes each email to a draft file and renames it,
// so that a reader never sees half an email. format() makes the message; it rejects line breaks in addresses and
// subjects, through which header fields could be injected.
#include <curl/curl.h>
#include <sodium/randombytes.h>
#include <agora/mail/mail.hpp>

#include <array>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <ctime>
#include <fstream>
#include <larder/clock.hpp>
#include <larder/hex.hpp>
#include <mutex>
#include <stdexcept>

namespace agora::mail {
namespace {

constexpr long deadline = 30;  // seconds

std::string date_now()
{
    const auto wall = std::chrono::floor<std::chrono::seconds>(larder::system_clock().wall());
    const std::time_t t = wall.time_since_epoch().count();
    std::tm parts{};
    gmtime_r(&t, &parts);
    std::array<char, 64> text{};
    return {text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S +0000", &parts)};
}

std::string random_name()
{
    std::array<unsigned char, 12> bytes{};
    randombytes_buf(bytes.data(), bytes.size());
    return larder::to_hex(bytes);
}

bool one_line(const std::string& text) { return text.find_first_of("\r\n") == std::string::npos; }

class smtp final : public mailer {
 public:
    smtp(std::string url, std::string from, mail_tls tls)
        : url_{std::move(url)}, from_{std::move(from)}, tls_required_{tls == mail_tls::required}
    {
        static std::once_flag started;
        std::call_once(started, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    }
    ~smtp() override
    {
        stopped_ = true;
        pool_.join();
    }

    void stop() noexcept override { stopped_ = true; }

    asio::awaitable<std::string> deliver(const email& e) override
    {
        auto send_on_pool = [](smtp& self, const email& what) -> asio::awaitable<std::string> {
            co_return self.send(what);
        };
        auto running = send_on_pool(*this, e);
        co_return co_await asio::co_spawn(pool_, std::move(running), asio::use_awaitable);
    }

 private:
    struct upload {
        std::string text;
        std::size_t sent = 0;
    };
    static std::size_t read(char* to, std::size_t size, std::size_t count, void* state)
    {
        auto& r = *static_cast<upload*>(state);
        const auto n = r.text.copy(to, size * count, r.sent);
        r.sent += n;
        return n;
    }

    /// libcurl's progress callback, called about once a second, even while nothing moves. A value other than 0 aborts
    /// the transfer.
    static int abort_if_stopped(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t)
    {
        return static_cast<const smtp*>(self)->stopped_ ? 1 : 0;
    }

    /// TLS is required only if there are credentials to protect. Mail between servers is sent without TLS, too.
    void set_tls_options(CURL* curl) const
    {
        const bool with_login = url_.find('@') != std::string::npos;
        const bool tls_required = tls_required_ && with_login;
        curl_easy_setopt(curl, CURLOPT_USE_SSL, static_cast<long>(tls_required ? CURLUSESSL_ALL : CURLUSESSL_TRY));
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, tls_required_ ? 1L : 0L);
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, tls_required_ ? 2L : 0L);
    }

    std::string error_text(CURLcode code, const char* buffer) const
    {
        if (stopped_) return "the server is shutting down";
        std::string text = buffer[0] != '\0' ? buffer : curl_easy_strerror(code);
        if (code == CURLE_USE_SSL_FAILED)
            text +=
                "; the mail server does not offer TLS, and without TLS the password is sent only if MAIL_TLS=optional";
        if (code == CURLE_PEER_FAILED_VERIFICATION)
            text +=
                "; this machine does not trust the mail server's certificate, which is required unless "
                "MAIL_TLS=optional";
        return text;
    }

    std::string send(const email& e)
    {
        if (stopped_) return "the server is shutting down";
        const std::unique_ptr<CURL, void (*)(CURL*)> curl{curl_easy_init(), curl_easy_cleanup};
        if (!curl) return "libcurl cannot be started";
        const auto angled = "<" + e.to + ">";
        const std::unique_ptr<curl_slist, void (*)(curl_slist*)> to{curl_slist_append(nullptr, angled.c_str()),
                                                                    curl_slist_free_all};
        upload body{format(e, from_, date_now(), random_name()), 0};
        std::array<char, CURL_ERROR_SIZE> buffer{};
        const auto from = "<" + from_ + ">";
        curl_easy_setopt(curl.get(), CURLOPT_URL, url_.c_str());
        set_tls_options(curl.get());
        curl_easy_setopt(curl.get(), CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(curl.get(), CURLOPT_XFERINFOFUNCTION, &smtp::abort_if_stopped);
        curl_easy_setopt(curl.get(), CURLOPT_XFERINFODATA, this);
        curl_easy_setopt(curl.get(), CURLOPT_MAIL_FROM, from.c_str());
        curl_easy_setopt(curl.get(), CURLOPT_MAIL_RCPT, to.get());
        curl_easy_setopt(curl.get(), CURLOPT_READFUNCTION, &smtp::read);
        curl_easy_setopt(curl.get(), CURLOPT_READDATA, &body);
        curl_easy_setopt(curl.get(), CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, deadline);
        curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, buffer.data());
        const auto code = curl_easy_perform(curl.get());
        return code == CURLE_OK ? std::string{} : error_text(code, buffer.data());
    }

    const std::string url_;
    const std::string from_;
    const bool tls_required_;
    std::atomic<bool> stopped_ = false;
    asio::thread_pool pool_{1};
};

class mail_folder final : public mailer {
 public:
    mail_folder(std::filesystem::path folder, std::string from) : folder_{std::move(folder)}, from_{std::move(from)} {}

    void stop() noexcept override {}

    asio::awaitable<std::string> deliver(const email& e) override
    {
        std::error_code ec;
        std::filesystem::create_directories(folder_, ec);
        const auto name = random_name();
        const auto draft = folder_ / (name + ".new");
        std::ofstream out{draft, std::ios::trunc};
        std::filesystem::permissions(draft, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write,
                                     ec);
        out << format(e, from_, date_now(), name);
        out.close();
        if (out) std::filesystem::rename(draft, folder_ / (name + ".eml"), ec);
        co_return out && !ec ? std::string{} : "cannot write to " + folder_.string();
    }

 private:
    const std::filesystem::path folder_;
    const std::string from_;
};

}  // namespace

std::string format(const email& e, const std::string& from, const std::string& date, const std::string& id)
{
    if (!one_line(e.to) || !one_line(e.subject) || !one_line(from))
        throw std::invalid_argument{"an email's addresses and subject must not contain line breaks"};
    const auto host = from.substr(from.find('@') + 1);
    std::string out = "Date: " + date + "\r\nFrom: <" + from + ">\r\nTo: <" + e.to + ">\r\nSubject: " + e.subject +
                      "\r\nMessage-ID: <" + id + "@" + host +
                      ">\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                      "Content-Transfer-Encoding: 8bit\r\nAuto-Submitted: auto-generated\r\n\r\n";
    for (const char c : e.text) {
        if (c == '\n') out += '\r';
        out += c;
    }
    return out += "\r\n";
}

std::unique_ptr<mailer> make_smtp(std::string url, std::string from, mail_tls tls)
{
    return std::make_unique<smtp>(std::move(url), std::move(from), tls);
}

std::unique_ptr<mailer> make_mail_folder(std::filesystem::path folder, std::string from)
{
    return std::make_unique<mail_folder>(std::move(folder), std::move(from));
}

}  // namespace agora::mail
