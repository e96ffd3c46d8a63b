// SPDX-License-Identifier: MIT
// The frame around a page: the head of the document, the header with the sections and the account box, the margin and
// the footer. Pure.
#pragma once

#include <agora/site/page.hpp>

namespace agora::site {

class site;

/// Writes the whole document.
void write_document(html::writer& out, const site& in, const page& p);

/// What a member sees in the account box.
void write_account_box(html::writer& out, const std::optional<std::string>& username);

}  // namespace agora::site
