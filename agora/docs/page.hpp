// SPDX-License-Identifier: MIT
// The page /docs: the introduction, every operation with its parameters, answers, errors and an example, then all
// schemas and all errors. Pure.
#pragma once

#include <agora/html/html.hpp>
#include <agora/http/api_description.hpp>

namespace agora::docs {

void write_page(html::writer& out, const http::api_description& api);

}  // namespace agora::docs
