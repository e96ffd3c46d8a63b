// SPDX-License-Identifier: MIT
// What agora::html refuses. Each statement of the first half has one mistake, and the comment behind it names the
// error. The second half has similar literals that are right.
#include <agora/html/html.hpp>

namespace html = agora::html;

void write(html::writer& page, const std::string& text, html::url url, const html::path& path, html::safe safe)
{
    const std::optional<std::string> some = text;
    const std::optional<html::url> link = url;
    const auto nested = [](html::writer& out) { out.write("<i></i>"); };
    const html::slot slot{1};
    // clang-format off
#ifdef MISTAKE
    // Elements.
    page.write("<b>");  // error: an_element_is_not_closed
    page.write("<b><i></b></i>");  // error: an_end_tag_does_not_match_the_open_element
    page.write("</b>");  // error: an_end_tag_does_not_match_the_open_element
    page.write("<br></br>");  // error: a_void_element_such_as_br_has_no_end_tag
    page.write("<b");  // error: a_tag_is_not_complete
    page.write("<b></b");  // error: a_tag_is_not_complete
    page.write("<b></b >");  // error: a_tag_is_not_complete
    page.write("<br/>");  // error: a_tag_is_not_complete
    page.write(R"(<b id="a"class="b"></b>)");  // error: a_tag_is_not_complete
    page.write("<B></B>");  // error: names_of_tags_and_attributes_are_lower_case_letters_digits_and_hyphens
    page.write("1 < 2");  // error: names_of_tags_and_attributes_are_lower_case_letters_digits_and_hyphens
    page.write("<!-- x");  // error: a_comment_is_not_closed
    page.write("<!doctype xml>");  // error: names_of_tags_and_attributes_are_lower_case_letters_digits_and_hyphens
#define EIGHT(text) text text text text text text text text
    page.write(EIGHT(EIGHT("<b>")) "<b>");  // error: elements_are_nested_too_deeply
    page.write("<p><em><ul></ul></em></p>");  // error: a_p_element_cannot_contain_a_block_element
    page.write("<a><b><a></a></b></a>");  // error: a_link_a_button_or_a_form_cannot_contain_another_one
    page.write("<title><b></b></title>");  // error: title_and_textarea_cannot_contain_elements
    page.write("<pre>{}</pre>", text);  // error: begin_the_text_of_pre_and_textarea_with_a_newline_because_browsers_drop_the_first_one
    page.write("<script><!--<script></script>{}", text);  // error: a_comment_cannot_begin_inside_script_or_style
    page.write("<style></b></style>");  // error: an_end_tag_does_not_match_the_open_element

    // Attributes.
    page.write("<b id=a></b>");  // error: an_attribute_value_is_written_in_double_quotes
    page.write("<b id='a'></b>");  // error: an_attribute_value_is_written_in_double_quotes
    page.write("<b id={}></b>", text);  // error: an_attribute_value_is_written_in_double_quotes
    page.write(R"(<b id="a" id="b"></b>)");  // error: an_attribute_occurs_twice_in_a_tag
    page.write("<b a b c d e f g h i j k l m n o p q r s t u v w x y z aa ab ac ad ae af ag></b>");  // error: a_tag_has_too_many_attributes
    page.write(R"(<b onclick="{}"></b>)", text);  // error: event_handlers_and_style_attributes_are_blocked_by_the_content_security_policy
    page.write(R"(<b onclick="f();"></b>)");  // error: event_handlers_and_style_attributes_are_blocked_by_the_content_security_policy
    page.write(R"(<b style="color: {}"></b>)", text);  // error: event_handlers_and_style_attributes_are_blocked_by_the_content_security_policy
    page.write(R"(<a href="javascript:f;"></a>)");  // error: a_url_begins_with_a_slash_and_a_name_or_with_a_hash_a_question_mark_or_http
    page.write(R"(<a href="javascript:{}"></a>)", text);  // error: a_hole_inside_a_url_needs_a_literal_path_or_query_before_it
    page.write(R"(<a href="edit"></a>)");  // error: a_url_begins_with_a_slash_and_a_name_or_with_a_hash_a_question_mark_or_http
    page.write(R"(<a href="//host/"></a>)");  // error: a_url_begins_with_a_slash_and_a_name_or_with_a_hash_a_question_mark_or_http
    page.write(R"(<script src="https://host/a.js"></script>)");  // error: a_url_begins_with_a_slash_and_a_name_or_with_a_hash_a_question_mark_or_http

    // Characters.
    page.write("this & that");  // error: an_ampersand_must_begin_a_character_reference_such_as_amp_semicolon
    page.write("&{}", text);  // error: an_ampersand_must_begin_a_character_reference_such_as_amp_semicolon
    page.write("&#{};", 1);  // error: an_ampersand_must_begin_a_character_reference_such_as_amp_semicolon
    page.write(R"(<a href="/a?b=1&c=2"></a>)");  // error: an_ampersand_must_begin_a_character_reference_such_as_amp_semicolon
    page.write("{0}", text);  // error: a_single_brace_is_written_as_a_character_reference
    page.write("}");  // error: a_single_brace_is_written_as_a_character_reference

    // Places without holes.
    page.write("{}");  // error: the_literal_needs_one_hole_for_each_argument
    page.write("{}", text, text);  // error: the_literal_needs_one_hole_for_each_argument
    page.write("<{}>", text);  // error: a_hole_cannot_be_a_tag_or_attribute_name
    page.write("<h{}></h1>", 1);  // error: a_hole_cannot_be_a_tag_or_attribute_name
    page.write("<b></{}>", text);  // error: a_hole_cannot_be_a_tag_or_attribute_name
    page.write("<b {}></b>", text);  // error: a_hole_cannot_be_a_tag_or_attribute_name
    page.write(R"(<b data-{}="x"></b>)", text);  // error: a_hole_cannot_be_a_tag_or_attribute_name
    page.write("<!-- {} -->", text);  // error: a_hole_cannot_be_inside_a_comment
    page.write("<script>{}</script>", text);  // error: a_hole_cannot_be_inside_script_or_style
    page.write("<style>{}</style>", text);  // error: a_hole_cannot_be_inside_script_or_style
    page.write(R"(<img srcset="{} 2x">)", text);  // error: a_hole_cannot_be_in_this_attribute
    page.write(R"(<iframe srcdoc="{}"></iframe>)", text);  // error: a_hole_cannot_be_in_this_attribute
    page.write(R"(<meta http-equiv="{}">)", text);  // error: a_hole_cannot_be_in_this_attribute
    page.write(R"(<meta content="{}" http-equiv="refresh">)", text);  // error: a_hole_in_content_cannot_be_combined_with_http_equiv

    // Arguments that do not fit their hole.
    page.write("{}", true);  // error: a_hole_in_text_takes_text_a_number_safe_html_a_slot_or_nested_content
    page.write("{}", url);  // error: a_hole_in_text_takes_text_a_number_safe_html_a_slot_or_nested_content
    page.write("{}", some);  // error: a_hole_in_text_takes_text_a_number_safe_html_a_slot_or_nested_content
    page.write("<title>{}</title>", nested);  // error: a_hole_in_title_or_textarea_takes_text_or_a_number
    page.write("<title>{}</title>", safe);  // error: a_hole_in_title_or_textarea_takes_text_or_a_number
    page.write(R"(<b id="{}"></b>)", safe);  // error: a_hole_in_an_attribute_takes_text_or_a_number_or_as_its_whole_value_an_optional_of_them
    page.write(R"(<b id="{}"></b>)", nested);  // error: a_hole_in_an_attribute_takes_text_or_a_number_or_as_its_whole_value_an_optional_of_them
    page.write(R"(<b id="{}"></b>)", slot);  // error: a_hole_in_an_attribute_takes_text_or_a_number_or_as_its_whole_value_an_optional_of_them
    page.write(R"(<b id="{}"></b>)", url);  // error: a_hole_in_an_attribute_takes_text_or_a_number_or_as_its_whole_value_an_optional_of_them
    page.write(R"(<b aria-hidden="{}"></b>)", true);  // error: a_hole_in_an_attribute_takes_text_or_a_number_or_as_its_whole_value_an_optional_of_them
    page.write(R"(<b class="a {}"></b>)", some);  // error: a_hole_in_an_attribute_takes_text_or_a_number_or_as_its_whole_value_an_optional_of_them
    page.write(R"(<b hidden="{}"></b>)", text);  // error: a_hole_in_a_boolean_attribute_is_its_whole_value_and_takes_a_bool
    page.write(R"(<b hidden="x{}"></b>)", true);  // error: a_hole_in_a_boolean_attribute_is_its_whole_value_and_takes_a_bool
    page.write(R"(<a href="{}"></a>)", text);  // error: a_hole_in_a_url_attribute_takes_html_url_or_html_path
    page.write(R"(<a href="{}"></a>)", 1);  // error: a_hole_in_a_url_attribute_takes_html_url_or_html_path
    page.write(R"(<a href="{}"></a>)", some);  // error: a_hole_in_a_url_attribute_takes_html_url_or_html_path
    page.write(R"(<a href="{}#top"></a>)", link);  // error: a_hole_in_a_url_attribute_takes_html_url_or_html_path
    page.write(R"(<img src="{}">)", text);  // error: a_hole_in_a_url_attribute_takes_html_url_or_html_path
    page.write(R"(<q cite="{}"></q>)", text);  // error: a_hole_in_a_url_attribute_takes_html_url_or_html_path
    page.write(R"(<video poster="{}"></video>)", text);  // error: a_hole_in_a_url_attribute_takes_html_url_or_html_path
    page.write(R"(<form action="{}"></form>)", text);  // error: a_hole_in_this_url_attribute_takes_html_path
    page.write(R"(<form action="{}"></form>)", url);  // error: a_hole_in_this_url_attribute_takes_html_path
    page.write(R"(<button formaction="{}"></button>)", url);  // error: a_hole_in_this_url_attribute_takes_html_path
    page.write(R"(<script src="{}"></script>)", url);  // error: a_hole_in_this_url_attribute_takes_html_path
    page.write(R"(<a href="/t/{}"></a>)", url);  // error: a_hole_inside_a_url_takes_text_or_a_number

    // Parts of URLs. Some would let the argument name the host.
    page.write(R"(<a href="/{}/{}"></a>)", text, text);  // error: a_hole_inside_a_url_needs_a_literal_path_or_query_before_it
    page.write(R"(<a href="https://{}/"></a>)", text);  // error: a_hole_inside_a_url_needs_a_literal_path_or_query_before_it
    page.write(R"(<a href="https://host{}"></a>)", text);  // error: a_hole_inside_a_url_needs_a_literal_path_or_query_before_it
    page.write(R"(<a href="{}{}"></a>)", url, text);  // error: a_hole_inside_a_url_needs_a_literal_path_or_query_before_it
    page.write(R"(<a href="{}/{}"></a>)", url, text);  // error: a_hole_inside_a_url_needs_a_literal_path_or_query_before_it
    page.write(R"(<a href="/t/{}{}"></a>)", text, text);  // error: a_hole_inside_a_url_needs_a_literal_path_or_query_before_it
    (void)html::path("posts/{}", text);  // error: a_url_begins_with_a_slash_and_a_name_or_with_a_hash_a_question_mark_or_http
    (void)html::path("//posts/{}", text);  // error: a_url_begins_with_a_slash_and_a_name_or_with_a_hash_a_question_mark_or_http
    (void)html::path("/{}/edit", text);  // error: a_hole_inside_a_url_needs_a_literal_path_or_query_before_it
    (void)html::path("/posts/{}", url);  // error: a_hole_inside_a_url_takes_text_or_a_number
    (void)html::path("/posts/{}");  // error: the_literal_needs_one_hole_for_each_argument
    (void)html::path("/posts/{}", 1, 2);  // error: the_literal_needs_one_hole_for_each_argument
    (void)html::path("/posts/{id}", text);  // error: a_single_brace_is_written_as_a_character_reference
#else
    page.write("<!doctype html><html><title>{}</title></html>", text);
    page.write("<br><b id=\"a\"\n   class=\"a {} b\" data-n=\"{}\">&lt; &#60; {}</b>", text, 1, 2.5);
    page.write(R"(<!-- { & < --><script>if (a && b < c) { f(); }</script><style>b { color: red }</style>)");
    page.write("<pre>\n{}</pre><textarea>\n{}</textarea>", text, text);
    page.write(R"(<b hidden="{}" id="{}" class="{}">{}{}{}</b>)", true, some, text, safe, slot, nested);
    page.write(R"(<a href="{}">{}</a><a href="{}">{}</a><a href="{}#top">{}</a>)", url, text, link, text, path, text);
    page.write(R"(<a href="/t/{}?after={}#c{}"></a><a href="{}/posts/{}"></a>)", text, text, 1, url, text);
    page.write(R"(<a href="https://host/{}"></a><a href="?a=1&amp;b={}"></a><a href="mailto:{}"></a>)", text, text, text);
    page.write(R"(<form action="{}"><button formaction="/posts/{}"></button></form>)", path, 1);
    page.write(R"(<script src="/site.{}.js" defer></script><meta http-equiv="refresh" content="0">)", text);
    (void)html::path("/");
    (void)html::path("/posts/{}/{}?page={}", 1, text, 2);
#endif
    // clang-format on
}
