// SPDX-License-Identifier: MIT
// The checks of review(), one function each: mail settings and demo accounts in production, and the permissions of an
// SQLite file.
#include <agora/application/review.hpp>

namespace agora::application {
namespace {

void check_mail(const config& c, std::vector<advice>& found)
{
    if (c.public_url == config{}.public_url) {
        found.push_back({"PUBLIC_URL", "it is the default, " + c.public_url + ", so links in emails do not work",
                         "set it to the address that members use, like https://forum.example.org"});
    } else if (!c.public_url.starts_with("https://")) {
        found.push_back({"PUBLIC_URL", c.public_url + " is not https, and session cookies are sent over https only",
                         "serve through a proxy with TLS, and set its address"});
    }
    if (c.mail_url.empty()) {
        found.push_back({"MAIL_URL", "it is not set, so emails are written to files in the data folder and never sent",
                         "set it to a mail server, like smtps://USER:PASSWORD@HOST"});
    } else if (!c.mail_tls_required) {
        found.push_back({"MAIL_TLS", "it is optional, so the password of the mail server may be sent unencrypted",
                         "remove it if the mail server has TLS with a valid certificate"});
    }
}

void check_file(const config& c, std::vector<advice>& found)
{
    using std::filesystem::perms;
    constexpr std::string_view scheme = "sqlite:///";
    if (!c.database_url.starts_with(scheme)) return;
    const auto path = c.database_url.substr(scheme.size());
    std::error_code ec;
    const auto mode = std::filesystem::status(path, ec).permissions();
    const auto others = perms::others_read | perms::others_write;
    if (ec || (mode & others) == perms::none) return;
    found.push_back({path, "every user of this machine can access it", "chmod 600 " + path + "*"});
}

void check_demo_accounts(const config& c, std::vector<advice>& found)
{
    const auto file = c.data / "demo_accounts";
    std::error_code ec;
    if (!std::filesystem::exists(file, ec)) return;
    found.push_back({"demo accounts", "members were made for trying out, with the password in " + file.string(),
                     "give them other passwords with `agora user password`, and delete the file"});
}

}  // namespace

std::vector<advice> review(const config& c)
{
    std::vector<advice> found;
    if (c.env == environment::production) {
        check_mail(c, found);
        check_demo_accounts(c, found);
    }
    check_file(c, found);
    return found;
}

}  // namespace agora::application
