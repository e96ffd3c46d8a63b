// SPDX-License-Identifier: MIT
// Compression with zlib and brotli. Start with coding_choice, which chooses the coding of a response, then compress();
// gunzip() is for request bodies. Invariant: gunzip() never stores more than its caller's limit, whatever the input
// claims about its size.
#include <brotli/encode.h>
#include <zlib.h>
#include <agora/http/compression.hpp>
#include <agora/http/fields.hpp>
#include <agora/http/request.hpp>

#include <array>
#include <memory>
#include <new>

namespace agora::http {
namespace {

// At these levels a JSON page of 10 KiB takes about 100 us. Higher levels save a few percent more and take several
// times as long.
constexpr int gzip_level = 4;
constexpr int brotli_quality = 4;

/// A weight in thousandths (RFC 9110 12.4.2). A malformed weight counts as 0, that is, refused.
int weight_of(std::string_view parameters) noexcept
{
    const auto p = trim_blanks(parameters);
    if (p.empty()) return 1000;
    if (p.size() < 3 || (p[0] != 'q' && p[0] != 'Q') || p[1] != '=') return 0;
    int value = 0;
    int scale = 1000;
    for (const char c : p.substr(2)) {
        if (c == '.') continue;
        if (c < '0' || c > '9' || scale == 0) return 0;
        value += (c - '0') * scale;
        scale /= 10;
    }
    return value;
}

std::string gzip(std::string_view body)
{
    z_stream z{};
    constexpr int gzip_window = 15 + 16;
    if (deflateInit2(&z, gzip_level, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc{};
    std::string out(deflateBound(&z, body.size()), '\0');
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
    z.avail_in = static_cast<uInt>(body.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    deflate(&z, Z_FINISH);
    out.resize(z.total_out);
    deflateEnd(&z);
    return out;
}

std::string brotli(std::string_view body)
{
    std::size_t size = BrotliEncoderMaxCompressedSize(body.size());
    std::string out(size, '\0');
    if (BrotliEncoderCompress(brotli_quality, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT, body.size(),
                              reinterpret_cast<const std::uint8_t*>(body.data()), &size,
                              reinterpret_cast<std::uint8_t*>(out.data())) == BROTLI_FALSE) {
        throw std::bad_alloc{};
    }
    out.resize(size);
    return out;
}

}  // namespace

std::string_view to_string(coding c) noexcept
{
    switch (c) {
        case coding::gzip:
            return "gzip";
        case coding::br:
            return "br";
        case coding::identity:
            break;
    }
    return {};
}

void coding_choice::add(std::string_view line) noexcept
{
    for (auto item = next_element(line); !item.empty(); item = next_element(line)) {
        const auto semicolon = item.find(';');
        const auto name = trim_blanks(item.substr(0, semicolon));
        const int weight =
            weight_of(semicolon == std::string_view::npos ? std::string_view{} : item.substr(semicolon + 1));
        if (iequals(name, "br")) br_ = weight;
        if (iequals(name, "gzip") || iequals(name, "x-gzip")) gzip_ = weight;
        if (name == "*") any_ = weight;
    }
}

coding coding_choice::best() const noexcept
{
    const int br = br_ < 0 ? any_ : br_;
    const int gzip = gzip_ < 0 ? any_ : gzip_;
    if (br == 0 && gzip == 0) return coding::identity;
    return br >= gzip ? coding::br : coding::gzip;
}

gunzip_result gunzip(std::string_view packed, std::size_t most, std::string& out)
{
    z_stream z{};
    constexpr int gzip_window = 15 + 16;
    if (inflateInit2(&z, gzip_window) != Z_OK) throw std::bad_alloc{};
    const std::unique_ptr<z_stream, void (*)(z_stream*)> ended{&z, [](z_stream* s) { inflateEnd(s); }};
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    z.avail_in = static_cast<uInt>(packed.size());
    std::array<char, 16 * 1024> part;
    for (std::size_t size = 0;;) {
        z.next_out = reinterpret_cast<Bytef*>(part.data());
        z.avail_out = static_cast<uInt>(part.size());
        const int status = inflate(&z, Z_NO_FLUSH);
        const auto n = part.size() - z.avail_out;
        size += n;
        if (size > most) return gunzip_result::too_large;
        out.append(part.data(), n);
        if (status == Z_STREAM_END) {
            if (z.avail_in == 0) return gunzip_result::done;
            if (inflateReset(&z) != Z_OK) return gunzip_result::malformed;
        } else if (status != Z_OK || (n == 0 && z.avail_in == 0)) {
            return gunzip_result::malformed;
        }
    }
}

std::string compress(coding c, std::string_view body)
{
    switch (c) {
        case coding::gzip:
            return gzip(body);
        case coding::br:
            return brotli(body);
        case coding::identity:
            break;
    }
    return std::string{body};
}

}  // namespace agora::http
