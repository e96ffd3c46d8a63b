// SPDX-License-Identifier: MIT
// How pages are encoded in Redis. The schema id contains the hash of the stylesheet and the script, because the bytes
// of a page name them: nodes of another version do not read the page.
#pragma once

#include <agora/http/stored_response.hpp>
#include <agora/web/assets.hpp>
#include <larder/codec.hpp>

template <>
struct larder::codec<agora::http::stored_page> {
    static constexpr std::uint64_t schema = fnv1a(agora::web::hash, fnv1a("agora page 1 "));
    static void encode(const agora::http::stored_page& v, std::string& out) { v.write_to(out); }
    static bool decode(std::string_view in, agora::http::stored_page& out) { return out.read_from(in); }
};
