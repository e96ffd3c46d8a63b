// SPDX-License-Identifier: MIT
// Compresses the parts of a page (the constructor), and puts gzip files together from them (gzip()). Start with
// segmented_page::gzip().
#include <zlib.h>
#include <agora/http/segmented_page.hpp>

#include <algorithm>
#include <cassert>
#include <new>

namespace agora::http {
namespace {

constexpr int level = 6;  // a page is compressed once and sent many times
constexpr std::string_view gzip_header{"\x1f\x8b\x08\0\0\0\0\0\0\xff", 10};  // RFC 1952 2.3: no name, no time
constexpr std::size_t max_stored_block = 65535;
constexpr std::string_view last_block{"\x01\0\0\xff\xff", 5};  // an empty stored block that ends the data

/// Raw deflate data of the text, which ends with a full flush.
std::string deflate_text(std::string_view text)
{
    std::string out;
    if (text.empty()) return out;
    z_stream z{};
    if (deflateInit2(&z, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc{};
    out.resize(deflateBound(&z, static_cast<uLong>(text.size())) + 16);
    // zlib does not write to its input, but its struct has no const.
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    z.avail_in = static_cast<uInt>(text.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    deflate(&z, Z_FULL_FLUSH);
    assert(z.avail_in == 0 && z.avail_out > 0);
    out.resize(out.size() - z.avail_out);
    deflateEnd(&z);
    out.shrink_to_fit();
    return out;
}

std::uint32_t crc_of(std::uint32_t so_far, std::string_view text)
{
    return static_cast<std::uint32_t>(
        crc32(so_far, reinterpret_cast<const Bytef*>(text.data()), static_cast<uInt>(text.size())));
}

void append_little_endian(std::string& out, std::uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> 8 * i & 0xFF);
}

void append_stored(std::string& out, std::string_view text)
{
    while (!text.empty()) {
        const auto block = text.substr(0, max_stored_block);
        out += '\0';
        append_little_endian(out, static_cast<std::uint32_t>(block.size()), 2);
        append_little_endian(out, ~static_cast<std::uint32_t>(block.size()), 2);
        out += block;
        text.remove_prefix(block.size());
    }
}

}  // namespace

std::string with_slots(std::string_view page, std::span<const page_slot> slots, std::span<const std::string> contents)
{
    assert(slots.size() == contents.size());
    std::string out;
    std::size_t copied = 0;
    for (std::size_t i = 0; i < slots.size(); ++i) {
        out.append(page, copied, slots[i].begin - copied);
        out += contents[i];
        copied = slots[i].begin + slots[i].length;
    }
    out.append(page, copied);
    return out;
}

segmented_page::segmented_page(std::string_view page, std::span<const page_slot> slots)
{
    std::size_t begin = 0;
    const auto add = [&](std::size_t end) {
        const auto text = page.substr(begin, end - begin);
        segments_.push_back(
            {deflate_text(text), text.size(), crc_of(0, text), crc32_combine_gen(static_cast<z_off_t>(text.size()))});
    };
    for (const auto& s : slots) {
        add(s.begin);
        begin = s.begin + s.length;
    }
    add(page.size());
}

std::string segmented_page::gzip(std::span<const std::string> contents) const
{
    assert(contents.size() + 1 == segments_.size());
    std::string out{gzip_header};
    std::uint32_t crc = 0;
    std::size_t size = 0;
    for (std::size_t i = 0; i < segments_.size(); ++i) {
        const auto& s = segments_[i];
        out += s.deflated;
        crc = static_cast<std::uint32_t>(crc32_combine_op(crc, s.crc, s.combine_op));
        size += s.size;
        if (i == contents.size()) break;
        append_stored(out, contents[i]);
        crc = crc_of(crc, contents[i]);
        size += contents[i].size();
    }
    out += last_block;
    append_little_endian(out, crc, 4);
    append_little_endian(out, static_cast<std::uint32_t>(size), 4);
    return out;
}

}  // namespace agora::http
