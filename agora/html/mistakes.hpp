// SPDX-License-Identifier: MIT
// The error messages for wrong literals. A consteval function that calls one of these functions does not compile, and
// the compiler names the function that was called, so the names are the messages.
#pragma once

namespace agora::html::mistakes {

// Elements.
inline void an_element_is_not_closed() {}
inline void an_end_tag_does_not_match_the_open_element() {}
inline void a_void_element_such_as_br_has_no_end_tag() {}
inline void a_tag_is_not_complete() {}
inline void names_of_tags_and_attributes_are_lower_case_letters_digits_and_hyphens() {}
inline void a_comment_is_not_closed() {}
inline void a_comment_cannot_begin_inside_script_or_style() {}
inline void elements_are_nested_too_deeply() {}
inline void a_p_element_cannot_contain_a_block_element() {}
inline void a_link_a_button_or_a_form_cannot_contain_another_one() {}
inline void title_and_textarea_cannot_contain_elements() {}
inline void begin_the_text_of_pre_and_textarea_with_a_newline_because_browsers_drop_the_first_one() {}

// Attributes.
inline void an_attribute_value_is_written_in_double_quotes() {}
inline void a_tag_has_too_many_attributes() {}
inline void an_attribute_occurs_twice_in_a_tag() {}
inline void event_handlers_and_style_attributes_are_blocked_by_the_content_security_policy() {}
inline void a_url_begins_with_a_slash_and_a_name_or_with_a_hash_a_question_mark_or_http() {}

// Characters.
inline void an_ampersand_must_begin_a_character_reference_such_as_amp_semicolon() {}
inline void a_single_brace_is_written_as_a_character_reference() {}

// Holes and arguments.
inline void the_literal_needs_one_hole_for_each_argument() {}
inline void a_hole_cannot_be_a_tag_or_attribute_name() {}
inline void a_hole_cannot_be_inside_a_comment() {}
inline void a_hole_cannot_be_inside_script_or_style() {}
inline void a_hole_cannot_be_in_this_attribute() {}
inline void a_hole_in_content_cannot_be_combined_with_http_equiv() {}
inline void a_hole_inside_a_url_needs_a_literal_path_or_query_before_it() {}
inline void a_hole_in_text_takes_text_a_number_safe_html_a_slot_or_nested_content() {}
inline void a_hole_in_title_or_textarea_takes_text_or_a_number() {}
inline void a_hole_in_an_attribute_takes_text_or_a_number_or_as_its_whole_value_an_optional_of_them() {}
inline void a_hole_in_a_boolean_attribute_is_its_whole_value_and_takes_a_bool() {}
inline void a_hole_in_a_url_attribute_takes_html_url_or_html_path() {}
inline void a_hole_in_this_url_attribute_takes_html_path() {}
inline void a_hole_inside_a_url_takes_text_or_a_number() {}

}  // namespace agora::html::mistakes
