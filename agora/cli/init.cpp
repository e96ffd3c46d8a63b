// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <sodium/core.h>
#include <sodium/randombytes.h>
#include <sodium/utils.h>
#include <agora/cli/cli.hpp>

#include <array>
#include <fstream>

namespace agora::cli {
namespace {

std::string new_secret()
{
    std::array<unsigned char, 32> bytes{};
    randombytes_buf(bytes.data(), bytes.size());
    std::array<char, 65> text{};
    sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
    return text.data();
}

}  // namespace

void write_first_settings(const std::filesystem::path& data)
{
    if (sodium_init() < 0) throw app::config_error{"libsodium cannot be started"};
    std::filesystem::create_directories(data);
    const auto path = data / "agora.conf";
    if (std::filesystem::exists(path)) {
        fmt::print("{} is there already and stays as it is\n", path.string());
        return;
    }
    // Cursors that were given out go on.
    const auto made_before = data / "secret_key";
    const auto secret_key =
        std::filesystem::exists(made_before) ? app::read_secret_file("SECRET_KEY", made_before.string()) : new_secret();
    const auto draft = path.string() + ".new";
    std::ofstream out{draft, std::ios::trunc};
    std::filesystem::permissions(draft, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    out << "# Settings of this community; `agora doctor` lists all there are. Keep the secrets to yourself.\n"
        << "SECRET_KEY=" << secret_key << "\nJWT_SECRET_KEY=" << new_secret() << "\nSESSION_SECRET=" << new_secret()
        << '\n';
    out.close();
    if (!out) throw app::config_error{"cannot write " + draft + "; make the data folder writable"};
    std::filesystem::rename(draft, path);
    fmt::print("{} has new secrets\n", path.string());
}

}  // namespace agora::cli
