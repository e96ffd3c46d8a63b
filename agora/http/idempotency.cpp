// SPDX-License-Identifier: MIT
// Parses the Idempotency-Key field.
#include <agora/http/idempotency.hpp>
#include <algorithm>

namespace agora::http {

std::optional<std::string> idempotency_key(const request& r)
{
    auto text = r.header("idempotency-key");
    if (text.empty()) return r.has_header("idempotency-key") ? std::optional{std::string{}} : std::nullopt;
    if (text.size() > 1 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
    const auto plain = [](char c) { return c > ' ' && c < 0x7F && c != '"' && c != '\\'; };
    if (text.size() > max_idempotency_key || !std::ranges::all_of(text, plain)) return std::string{};
    return std::string{text};
}

}  // namespace agora::http
