// SPDX-License-Identifier: MIT
// User-Agent fields in words.
#include <gtest/gtest.h>
#include <agora/features/sessions/agent_name.hpp>

namespace agora::sessions {
namespace {

TEST(agent_name, names_browser_and_system)
{
    const struct {
        const char* field;
        const char* name;
    } table[] = {
        {"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Linux"},
        {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
         "Safari/537.36",
         "Chrome on Windows"},
        {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
         "Safari/537.36 Edg/126.0.0.0",
         "Edge on Windows"},
        {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
         "Mobile/15E148 Safari/604.1",
         "Safari on iPhone"},
        {"Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
         "Chrome on Android"},
        {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox on macOS"},
        {"Mozilla/5.0", "A browser"},
        {"curl/8.5.0", "A program (curl 8.5.0)"},
        {"python-requests/2.32 extra/1", "A program (python-requests 2.32)"},
        {"", "A program"},
    };
    for (const auto& t : table) EXPECT_EQ(agent_name(t.field), t.name) << t.field;
}

}  // namespace
}  // namespace agora::sessions
