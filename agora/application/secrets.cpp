// SPDX-License-Identifier: MIT
// Generating, reading, storing and deriving the program's secrets. ensure_secret_key() is the entry point.
// Invariant: a secret's file is written under another name and renamed, so it never exists half written.
#include <sodium/core.h>
#include <sodium/crypto_generichash.h>
#include <sodium/randombytes.h>
#include <agora/application/config.hpp>
#include <agora/credentials/jwt.hpp>

#include <array>
#include <fstream>
#include <iterator>
#include <larder/hex.hpp>

namespace agora::application {

std::string read_secret_file(std::string_view name, const std::string& path)
{
    std::ifstream in{path};
    if (!in) throw config_error{std::string{name} + "_FILE: cannot read " + path};
    std::string text{std::istreambuf_iterator<char>{in}, {}};
    while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
    return text;
}

std::string new_secret()
{
    if (sodium_init() < 0) throw config_error{"libsodium cannot be initialized"};
    std::array<unsigned char, 32> bytes{};
    randombytes_buf(bytes.data(), bytes.size());
    return larder::to_hex(bytes);
}

void write_secret_file(const std::filesystem::path& path, const std::string& text)
{
    const auto draft = path.string() + ".new";
    std::error_code ec;
    std::ofstream out{draft, std::ios::trunc};
    std::filesystem::permissions(draft, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, ec);
    out << text;
    out.close();
    if (out && !ec) std::filesystem::rename(draft, path, ec);
    if (!out || ec)
        throw config_error{"cannot write " + path.string() +
                           "; make sure that this user can write to its folder and "
                           "that the disk is not full"};
}

namespace {

/// Derives a secret for one purpose. The derived secret does not reveal the original.
secret derive_secret(const secret& from, std::string_view purpose)
{
    // reveal(): it is the key of the hash.
    const auto key = from.reveal().substr(0, crypto_generichash_KEYBYTES_MAX);
    std::array<unsigned char, 32> bytes{};
    crypto_generichash(bytes.data(), bytes.size(), reinterpret_cast<const unsigned char*>(purpose.data()),
                       purpose.size(), reinterpret_cast<const unsigned char*>(key.data()), key.size());
    return secret{larder::to_hex(bytes)};
}

void derive_secrets(config& c)
{
    if (c.jwt_secrets.empty()) c.jwt_secrets.push_back(derive_secret(c.secret_key, "agora access tokens"));
    if (!c.session_secrets.empty()) return;
    for (const auto& s : c.jwt_secrets) {
        auto text = s.reveal();  // reveal(): to remove the EdDSA prefix
        if (text.starts_with(credentials::eddsa_prefix)) text.remove_prefix(credentials::eddsa_prefix.size());
        c.session_secrets.emplace_back(std::string{text});
    }
}

void load_or_create_secret_key(config& c)
{
    const auto path = c.data / "secret_key";
    if (!std::filesystem::exists(path)) write_secret_file(path, new_secret() + '\n');
    c.secret_key = secret{read_secret_file("SECRET_KEY", path.string())};
    if (c.secret_key.size() < min_secret_key)
        throw config_error{path.string() +
                           " does not hold a key of at least 32 characters; delete it, and a new one is generated"};
}

}  // namespace

void ensure_secret_key(config& c)
{
    if (c.secret_key.empty()) load_or_create_secret_key(c);
    derive_secrets(c);
}

}  // namespace agora::application
