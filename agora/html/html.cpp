// SPDX-License-Identifier: MIT
#include <agora/html/html.hpp>

namespace agora::html {

void writer::text(detail::encoding how, std::string_view arg)
{
    switch (how) {
        case detail::encoding::escaped:
            return append_escaped(text_, arg);
        case detail::encoding::segment:
            return append_segment(text_, arg);
        case detail::encoding::query:
            return append_query_part(text_, arg);
    }
}

}  // namespace agora::html
