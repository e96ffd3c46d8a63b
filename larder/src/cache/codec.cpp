// SPDX-License-Identifier: MIT
// The non-template parts of the codec: LEB128 varints, and cutting bytes off the front of a view.
#include <larder/codec.hpp>

namespace larder::detail {

void put_varint(std::string& out, std::uint64_t v)
{
    for (; v >= 0x80; v >>= 7) out += static_cast<char>(v | 0x80);
    out += static_cast<char>(v);
}

bool take_varint(std::string_view& in, std::uint64_t& v) noexcept
{
    v = 0;
    for (std::size_t i = 0; i < in.size() && i < 10; ++i) {
        const auto byte = static_cast<unsigned char>(in[i]);
        if (i == 9 && byte > 1) return false;
        v |= std::uint64_t{byte & 0x7fU} << 7 * i;
        if (byte < 0x80) {
            in.remove_prefix(i + 1);
            return true;
        }
    }
    return false;
}

bool take_bytes(std::string_view& in, std::size_t n, std::string_view& out) noexcept
{
    if (n > in.size()) return false;
    out = in.substr(0, n);
    in.remove_prefix(n);
    return true;
}

}  // namespace larder::detail
