// SPDX-License-Identifier: MIT
// Estimates the strength of a secret: estimated_bits() removes known words, sequences and repetitions, and computes the
// entropy of the remaining characters.
#include <agora/application/secret_strength.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <larder/ascii.hpp>
#include <string>

namespace agora::application {
namespace {

// Longer words come first, because removing a word from the middle of a longer one would leave the rest of that one.
constexpr std::array<std::string_view, 50> known_words{
    "productionkey", "development", "placeholder", "configuration", "production", "generated",
    "changethis",    "change-this", "change_this", "insecure",      "password",   "passphrase",
    "changeit",      "changeme",    "change-me",   "change_me",     "replace",    "default",
    "example",       "session",     "private",     "please",        "random",     "qwertz",
    "qwerty",        "secret",      "string",      "change",        "secure",     "cookie",
    "server",        "asdfgh",      "zxcvbn",      "uiop",          "token",      "super",
    "agora",         "admin",       "your",        "value",         "here",       "test",
    "demo",          "very",        "long",        "this",          "with",       "only",
    "used",          "key"};

/// Removes the known words from `text`, ignoring case.
void remove_known_words(std::string& text)
{
    std::string shape{text};
    std::ranges::transform(shape, shape.begin(), larder::to_lower);
    for (const auto word : known_words) {
        for (auto at = shape.find(word); at != std::string::npos; at = shape.find(word, at)) {
            shape.erase(at, word.size());
            text.erase(at, word.size());
        }
    }
}

/// Removes each character that continues the sequence of the two before it: aaaa, abcd, 9876, 2468.
std::string without_sequences(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool continues = i >= 2 && text[i] - text[i - 1] == text[i - 1] - text[i - 2];
        if (!continues) out += text[i];
    }
    return out;
}

/// Removes parts of at least three characters that occurred earlier.
std::string without_repetitions(std::string_view text)
{
    constexpr std::size_t min_length = 3;
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
        std::size_t length = 0;
        for (std::size_t start = 0; start < i; ++start) {
            std::size_t n = 0;
            while (i + n < text.size() && start + n < i && text[start + n] == text[i + n]) ++n;
            length = std::max(length, n);
        }
        if (length < min_length) {
            out += text[i++];
        } else {
            i += length;
        }
    }
    return out;
}

}  // namespace

double estimated_bits(std::string_view secret)
{
    std::string text{secret};
    remove_known_words(text);
    text = without_repetitions(without_sequences(text));
    std::array<int, 256> counts{};
    for (const char c : text) ++counts[static_cast<unsigned char>(c)];
    double bits = 0;
    for (const int n : counts) {
        if (n > 0) bits += n * std::log2(static_cast<double>(text.size()) / n);
    }
    return bits;
}

}  // namespace agora::application
