// SPDX-License-Identifier: MIT
// Fuzzes the RESP reader. The first byte of the input chooses the size of the pieces in which the rest is read. Reading
// in pieces must give the same result as reading everything at once. Each piece is read from a copy of its own, so that
// a view beyond it is a memory error.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <larder/resp.hpp>
#include <vector>

namespace {

namespace resp = larder::resp;

std::size_t weigh(const resp::value& v)
{
    std::size_t sum = static_cast<std::size_t>(v.type()) + 31 * v.text().size() + (v.integer() ? 7U : 0U);
    for (const char c : v.text()) sum = sum * 131 + static_cast<unsigned char>(c);
    for (const auto& child : v) sum = sum * 17 + weigh(child);
    return sum;
}

struct outcome {
    std::size_t sum = 0;
    std::size_t taken = 0;
    bool broken = false;
    bool operator==(const outcome&) const = default;
};

outcome read(std::string_view bytes, std::size_t piece)
{
    resp::limits small;
    small.depth = 8;
    small.text = 256;
    small.elements = 64;
    resp::reader r{small};
    outcome result;
    for (std::size_t end = std::min(piece, bytes.size());; end = std::min(end + piece, bytes.size())) {
        for (;;) {
            const std::vector<char> here(bytes.begin() + static_cast<std::ptrdiff_t>(result.taken),
                                         bytes.begin() + static_cast<std::ptrdiff_t>(end));
            const std::string_view view{here.data(), here.size()};
            const auto p = r.read(view);
            if (p == resp::progress::broken) {
                result.broken = true;
                return result;
            }
            if (p == resp::progress::incomplete) break;
            result.sum = result.sum * 31 + weigh(r.root(view));
            result.taken += r.consumed();
            r.next();
        }
        if (end == bytes.size()) return result;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 1) return 0;
    const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
    if (read(bytes, bytes.size() + 1) != read(bytes, std::size_t{data[0]} % 16 + 1)) std::abort();
    return 0;
}
