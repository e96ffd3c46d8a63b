// SPDX-License-Identifier: MIT
// The forms of pages: fields with their labels, hints and errors, and the two pages that keep what a guest has typed
// while they sign in. Functions append to a writer; no state.
//
// A form that is refused is shown again with what was typed (shown_again()), and each error stands beside its field.
#pragma once

#include <agora/http/request.hpp>
#include <agora/outcome.hpp>
#include <agora/site/page.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace agora::site {

/// One field of a form. The views are used at once.
struct field {
    std::string_view name;
    std::string_view label;
    std::string_view value{};
    std::string_view type = "text";
    std::string_view autocomplete{};
    std::string_view hint{};
    bool required = true;
    std::int64_t most = 0;  ///< characters; 0: no limit
    bool exact = false;     ///< a name or the like, which browsers must neither capitalise nor correct
};

/// Writes label, input, hint and error. `why` is the failure of the form that is shown again; null: it is new.
void write_field(html::writer& out, const field& f, const failure* why = nullptr);
/// The same with a text area for Markdown.
void write_text_area(html::writer& out, const field& f, const failure* why = nullptr);
/// Writes a list to choose from: `choices` are values with their texts.
void write_select(html::writer& out, const field& f, const std::vector<std::pair<std::string, std::string>>& choices,
                  const failure* why = nullptr);
/// Writes radio buttons, of which the one with `value` is chosen.
void write_choices(html::writer& out, const field& f, const std::vector<std::pair<std::string, std::string>>& choices);
/// Writes the sentence above a form that was refused: all errors that belong to none of the named fields.
void write_refusal(html::writer& out, const failure* why, std::initializer_list<std::string_view> fields);

/// Writes what has just been done, such as "Your profile is saved.", unless it is empty.
void write_notice(html::writer& out, std::string_view text);

/// What was typed into a form: its fields in their order, without passwords.
using typed_fields = std::vector<std::pair<std::string, std::string>>;
typed_fields fields_of(const http::request& r);
/// The fields that a sign-in form keeps for a form that was sent without a session.
typed_fields kept_in(const http::request& r);

/// The sign-in form.
struct sign_in_form {
    std::string next = "/";      ///< where to go afterwards
    std::string username{};      ///< as typed
    std::string form_address{};  ///< of a form that was sent without a session; empty: there was none
    typed_fields kept{};         ///< its fields
    std::string notice{};        ///< what has just been done; empty: nothing
};
page sign_in_page(const sign_in_form& f, const failure* why = nullptr);

/// Shown after the sign-in: the form that was sent before it, to be sent again.
page continue_page(std::string_view form_address, const typed_fields& kept);

/// The path from a parameter `next`; "/" if it leads elsewhere.
std::string next_path(std::string_view given);

}  // namespace agora::site
