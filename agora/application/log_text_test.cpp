// SPDX-License-Identifier: MIT
// Log lines as text: their layout, and the escaping of control characters.
#include <gtest/gtest.h>

#include <agora/application/log_text.hpp>

namespace agora::application {
namespace {

std::string message(std::string_view level, std::string_view text, bool color = false)
{
    std::string line;
    append_text_line(line, text_line{larder::timestamp{std::chrono::milliseconds{5}}, level, text}, color);
    return line;
}

std::string request(unsigned status, std::string_view target, bool color = false)
{
    http::access_record r;
    r.request_id = "4a5f";
    r.remote = "192.0.2.1";
    r.method = "GET";
    r.target = target;
    r.status = status;
    r.bytes = 15'300;
    r.duration_us = 1234;
    r.user_id = 7;
    std::string line;
    append_text_line(line, r, color);
    return line;
}

TEST(log_text, a_message_has_time_level_and_text)
{
    EXPECT_EQ(message("info", "hello").substr(5), ":00.005 info  hello");
    EXPECT_EQ(message("warning", "hello").substr(5), ":00.005 warn  hello");
    EXPECT_NE(message("error", "hello", true).find("\x1b[1;31merror\x1b[0m hello"), std::string::npos);
}

TEST(log_text, a_request_has_its_fields_and_a_server_error_has_the_level_error)
{
    EXPECT_EQ(request(200, "/api/posts").substr(5),
              ":00.000 info  200 GET /api/posts  1.2 ms  14.9 KiB  192.0.2.1  user 7  4a5f");
    EXPECT_NE(request(503, "/", true).find("\x1b[1;31merror\x1b[0m \x1b[1;31m503\x1b[0m GET /"), std::string::npos);
}

TEST(log_text, control_characters_of_a_request_are_escaped)
{
    for (const std::string_view control_text : {"\x1b[2J", "a\rb", "a\nb", "\x7f", "\xc2\x9b", "\x07"}) {
        const auto shown = message("info", control_text) + request(200, control_text);
        for (const char c : shown) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) << shown;
        EXPECT_EQ(shown.find("\xc2\x9b"), std::string::npos);
        EXPECT_NE(shown.find('\\'), std::string::npos);
    }
    EXPECT_NE(message("info", "Zoë 漢字").find("Zoë 漢字"), std::string::npos);
}

}  // namespace
}  // namespace agora::application
