// SPDX-License-Identifier: MIT
// Fuzzes the JSON reader: what it accepts must be written and read back to the same text.
#include <cstdlib>
#include <larder/json.hpp>

namespace {

enum class word { one, two };
BOOST_DESCRIBE_ENUM(word, one, two)

struct node {
    std::int64_t id = 0;
    std::optional<double> real;
    std::optional<std::string> text;
    std::optional<word> choice;
    std::vector<node> items;
    std::map<std::string, bool> flags;
};
BOOST_DESCRIBE_STRUCT(node, (), (id, real, text, choice, items, flags))

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const auto first = larder::json::read<node>({reinterpret_cast<const char*>(data), size});
    if (!first) return 0;
    const auto text = larder::json::to_string(*first);
    const auto again = larder::json::read<node>(text);
    if (!again || larder::json::to_string(*again) != text) std::abort();
    return 0;
}
