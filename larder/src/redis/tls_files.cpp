// SPDX-License-Identifier: MIT
// current() compares a stamp of each file (inode, size, time of change) with the one from the last successful reading,
// and reads the files again if one differs. A context is never changed, only replaced, so connections that hold the old
// one are not affected. The callback is called without the lock. Start with current().
#include "tls_files.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

namespace larder::redis {

namespace asio = boost::asio;
using boost::system::error_code;
using boost::system::system_error;

namespace {

void use_file(const std::string& file, const char* what, const std::function<void(error_code&)>& use)
{
    if (file.empty()) return;
    error_code ec;
    use(ec);
    if (ec) throw system_error{ec, std::string{what} + " " + file};
}

std::shared_ptr<asio::ssl::context> make_context(const tls_options& o)
{
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
    context->set_verify_mode(asio::ssl::verify_peer);
    if (o.ca.empty()) context->set_default_verify_paths();
    use_file(o.ca, "ca", [&](error_code& ec) { context->load_verify_file(o.ca, ec); });
    use_file(o.certificate, "cert", [&](error_code& ec) { context->use_certificate_chain_file(o.certificate, ec); });
    // This also checks that the key belongs to the certificate.
    use_file(o.key, "key", [&](error_code& ec) { context->use_private_key_file(o.key, asio::ssl::context::pem, ec); });
    return context;
}

}  // namespace

bool tls_files::stamp::operator==(const stamp& other) const noexcept
{
    return inode == other.inode && size == other.size && changed.tv_sec == other.changed.tv_sec &&
           changed.tv_nsec == other.changed.tv_nsec;
}

tls_files::tls_files(tls_options o) : options_{std::move(o)}, read_{current_stamps()}, context_{make_context(options_)}
{}

tls_files::stamps tls_files::current_stamps() const
{
    stamps out;
    std::ranges::transform(std::array{&options_.ca, &options_.certificate, &options_.key}, out.begin(),
                           [](const std::string* file) {
                               struct stat s{};
                               if (file->empty() || ::stat(file->c_str(), &s) != 0) return stamp{};
                               return stamp{s.st_ino, s.st_size, s.st_ctim};
                           });
    return out;
}

std::shared_ptr<asio::ssl::context> tls_files::current()
{
    std::optional<error> failure;
    std::unique_lock lock{mutex_};
    // The stamps are taken before the files are read, so a change in between is noticed the next time. Files that
    // cannot be used are read again each time, because they may be half written.
    if (const auto now = current_stamps(); now != read_) {
        try {
            context_ = make_context(options_);
            read_ = now;
            problem_.clear();
        } catch (const system_error& e) {
            if (const auto words = message_of(e); problem_ != words) {
                problem_ = words;
                failure = error{outcome::not_sent, e.code(), words + "; the files read before stay in use"};
            }
        }
    }
    auto out = context_;
    lock.unlock();
    if (failure) on_problem_(*failure);
    return out;
}

std::string tls_files::problem() const
{
    const std::scoped_lock lock{mutex_};
    return problem_;
}

std::shared_ptr<tls_files> open_tls_files(const tls_options& o)
{
    return o.enabled ? std::make_shared<tls_files>(o) : nullptr;
}

}  // namespace larder::redis
