// SPDX-License-Identifier: MIT
// The files of web/site that the build embeds into the server (web/embed.cpp). Constant data.
#pragma once

#include <agora/web_assets.hpp>  // generated: the address of each file, and the hash of all
#include <span>
#include <string_view>

namespace agora::web {

struct asset {
    std::string_view file;  ///< "site.css"
    std::string_view name;  ///< with the hash of its content, as in its address: "site.1a2b3c4d5e.css"
    std::string_view content_type;
    std::string_view plain;
    std::string_view gzip;
    std::string_view brotli;
};

extern const std::span<const asset> assets;

}  // namespace agora::web
