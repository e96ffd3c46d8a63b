// SPDX-License-Identifier: MIT
// The settings file that `agora init` writes.
#include <fmt/format.h>
#include <agora/application/open_database.hpp>
#include <agora/cli/cli.hpp>

namespace agora::cli {

void write_first_settings(const application::config& c)
{
    application::make_data_folder(c);
    const auto& data = c.data;
    const auto path = data / "agora.conf";
    if (std::filesystem::exists(path)) {
        fmt::print("{} already exists and is kept\n", path.string());
        return;
    }
    // An existing key is kept, so that cursors which clients already have stay valid.
    const auto made_before = data / "secret_key";
    const auto secret_key = std::filesystem::exists(made_before)
                                ? application::read_secret_file("SECRET_KEY", made_before.string())
                                : application::new_secret();
    application::write_secret_file(
        path, fmt::format("# Settings of this community; `agora doctor` lists all settings. Keep the secrets private.\n"
                          "SECRET_KEY={}\nJWT_SECRET_KEY={}\nSESSION_SECRET={}\n",
                          secret_key, application::new_secret(), application::new_secret()));
    fmt::print("{} was created with new secrets\n", path.string());
}

}  // namespace agora::cli
