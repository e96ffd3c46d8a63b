// SPDX-License-Identifier: MIT
// Encodes and decodes entries. pack() writes the fields in the order of docs/formats/envelope.md; unpack() checks every
// length, the checksum and the key, so it may be called with arbitrary bytes. Start at pack() and unpack().
#include "envelope.hpp"

#include <zlib.h>

#include <charconv>
#include <larder/codec.hpp>

namespace larder::detail {
namespace {

constexpr unsigned char flag_negative = 1;
constexpr unsigned char flag_deflated = 2;

void put_time(std::string& out, std::int64_t ms)
{
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, ms).ptr;
    out.append(14 - static_cast<std::size_t>(end - digits), '0').append(digits, end);
}

bool take_time(std::string_view& in, std::int64_t& ms)
{
    std::string_view digits;
    if (!take_bytes(in, 14, digits)) return false;
    return std::from_chars(digits.data(), digits.data() + 14, ms).ptr == digits.data() + 14;
}

void put_fixed(std::string& out, std::uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; ++i) out += static_cast<char>(v >> 8 * i);
}

bool take_fixed(std::string_view& in, std::size_t bytes, std::uint64_t& v)
{
    std::string_view raw;
    if (!take_bytes(in, bytes, raw)) return false;
    v = 0;
    for (std::size_t i = 0; i < bytes; ++i) v |= std::uint64_t{static_cast<unsigned char>(raw[i])} << 8 * i;
    return true;
}

std::uint64_t checksum(std::string_view text)
{
    return crc32(0, reinterpret_cast<const unsigned char*>(text.data()), static_cast<unsigned>(text.size()));
}

/// Returns the deflated text; empty if that is not smaller.
std::string deflated(std::string_view text)
{
    std::string out(text.size(), '\0');
    auto size = static_cast<uLongf>(out.size());
    const int done = compress2(reinterpret_cast<unsigned char*>(out.data()), &size,
                               reinterpret_cast<const unsigned char*>(text.data()), static_cast<uLong>(text.size()), 1);
    out.resize(done == Z_OK ? size : 0);
    return out;
}

bool inflate_to(std::string& out, std::string_view text, std::size_t size)
{
    out.resize(size);
    auto length = static_cast<uLongf>(size);
    return uncompress(reinterpret_cast<unsigned char*>(out.data()), &length,
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<uLong>(text.size())) == Z_OK &&
           length == size;
}

bool take_payload(std::string_view in, unsigned char flags, std::size_t max_bytes, std::string& out)
{
    if ((flags & flag_deflated) == 0) {
        out = in;
        return out.size() <= max_bytes;
    }
    std::uint64_t size = 0;
    return take_varint(in, size) && size <= max_bytes && inflate_to(out, in, size);
}

}  // namespace

std::string pack(const envelope& e, std::string_view epoch, std::size_t compress_above)
{
    const std::string small = e.payload.size() > compress_above ? deflated(e.payload) : std::string{};
    std::string out;
    out.reserve(160 + e.tags.size() * sizeof(tag_version) + (small.empty() ? e.payload.size() : small.size()));
    out.append(envelope_magic).append(lease_end - envelope_magic.size(), '0').append(epoch);
    put_time(out, e.created);
    put_time(out, e.fresh_until);
    put_time(out, e.stale_until);
    put_fixed(out, fnv1a(e.key), 8);
    put_fixed(out, e.schema, 8);
    put_fixed(out, e.cost, 4);
    out += static_cast<char>((e.negative ? flag_negative : 0) | (small.empty() ? 0 : flag_deflated));
    out += static_cast<char>(e.tags.size());
    for (const auto& v : e.tags) out.append(v.data(), v.size());
    if (!small.empty()) put_varint(out, e.payload.size());
    out += small.empty() ? e.payload : small;
    put_fixed(out, checksum(std::string_view{out}.substr(lease_end)), 4);
    return out;
}

unpacked unpack(std::string_view bytes, std::size_t max_bytes, envelope& out)
{
    constexpr std::size_t checksum_size = 4;
    if (!bytes.starts_with(envelope_magic) || bytes.size() < lease_end + checksum_size) return unpacked::corrupt;
    auto in = bytes.substr(lease_end);
    std::uint64_t sum = 0;
    auto behind = in.substr(in.size() - checksum_size);
    in.remove_suffix(checksum_size);
    if (!take_fixed(behind, checksum_size, sum) || sum != checksum(in)) return unpacked::corrupt;

    std::string_view epoch;
    std::uint64_t key = 0;
    std::uint64_t schema = 0;
    std::uint64_t cost = 0;
    std::uint64_t flags = 0;
    std::uint64_t tags = 0;
    const bool read = take_bytes(in, first_epoch.size(), epoch) && take_time(in, out.created) &&
                      take_time(in, out.fresh_until) && take_time(in, out.stale_until) && take_fixed(in, 8, key) &&
                      take_fixed(in, 8, schema) && take_fixed(in, 4, cost) && take_fixed(in, 1, flags) &&
                      take_fixed(in, 1, tags);
    if (!read || key != fnv1a(out.key) || in.size() < tags * sizeof(tag_version)) return unpacked::corrupt;
    out.cost = static_cast<std::uint32_t>(cost);
    out.negative = (flags & flag_negative) != 0;
    out.tags.resize(tags);
    for (auto& v : out.tags) {
        in.copy(v.data(), v.size());
        in.remove_prefix(v.size());
    }
    if (schema != out.schema) return unpacked::another_schema;
    return take_payload(in, static_cast<unsigned char>(flags), max_bytes, out.payload) ? unpacked::good
                                                                                       : unpacked::corrupt;
}

}  // namespace larder::detail
