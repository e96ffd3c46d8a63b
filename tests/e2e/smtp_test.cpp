// SPDX-License-Identifier: MIT
// Signing in to the mail server: the password is sent only over TLS with a valid certificate, unless MAIL_TLS=optional;
// and a mail server that does not answer.
#include <csignal>

#include "tests/e2e/accounts.hpp"

namespace agora::e2e {
namespace {

/// A mail server that offers AUTH, and STARTTLS if it is given a certificate. It prints what it receives.
const std::string stub = R"(
import socket, ssl, sys, threading
certificate, key, silent = sys.argv[1], sys.argv[2], sys.argv[3] == 'silent'
listener = socket.create_server(('127.0.0.1', 0))
print('on', listener.getsockname()[1], '.', flush=True)
def serve(s):
    if silent:
        print('CONNECTED', flush=True)
        s.recv(100)
        return
    s.sendall(b'220 stub\r\n')
    encrypted = False
    f = s.makefile('rb')
    while line := f.readline():
        word = line.decode().strip()
        print('HEARD', 'TLS' if encrypted else 'CLEAR', word, flush=True)
        verb = word.split(' ')[0].upper()
        if verb == 'EHLO':
            starttls = b'' if encrypted or not certificate else b'250-STARTTLS\r\n'
            s.sendall(b'250-stub\r\n' + starttls + b'250 AUTH PLAIN\r\n')
        elif verb == 'STARTTLS':
            s.sendall(b'220 go\r\n')
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            try:
                s = context.wrap_socket(s, server_side=True)
            except (ssl.SSLError, OSError):
                print('TLS REFUSED', flush=True)
                return
            f, encrypted = s.makefile('rb'), True
        elif verb == 'AUTH':
            if len(word.split(' ')) < 3:
                s.sendall(b'334 \r\n')
                f.readline()
            s.sendall(b'235 ok\r\n')
        elif verb == 'DATA':
            s.sendall(b'354 go\r\n')
            while (line := f.readline()) != b'.\r\n': pass
            print('DELIVERED', flush=True)
            s.sendall(b'250 ok\r\n')
        elif verb == 'QUIT':
            s.sendall(b'221 bye\r\n')
            return
        else:
            s.sendall(b'250 ok\r\n')
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
)";

enum class smtp_behaviour { nothing, own_certificate, no_answer };

class smtp_login : public ::testing::Test {
 protected:
    void start(smtp_behaviour what)
    {
        std::string certificate;
        std::string key;
        if (what == smtp_behaviour::own_certificate) {
            certificate = data.folder() / "cert.pem";
            key = data.folder() / "key.pem";
            larder::testing::run_program({"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                                          "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=127.0.0.1", "-addext",
                                          "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate});
        }
        server = std::make_unique<larder::testing::process>(
            std::vector<std::string>{"/usr/bin/python3", "-u", "-c", stub, certificate, key,
                                     what == smtp_behaviour::no_answer ? "silent" : "talks"});
        ASSERT_TRUE(server->wait_for_output(" .")) << server->output();
        const auto out = server->output();
        port = std::to_string(std::stoi(out.substr(out.find("on ") + 3)));
    }
    std::unique_ptr<agora_process> serve(const std::vector<std::string>& more = {})
    {
        std::vector<std::string> settings{"MAIL_URL=smtp://forum:pass-word-7@127.0.0.1:" + port, "LOG_LEVEL=warn"};
        settings.insert(settings.end(), more.begin(), more.end());
        auto agora = std::make_unique<agora_process>(data, settings, false);
        EXPECT_EQ(call(agora->port(), "POST", "/api/auth/register", {}, ann).status, 201);
        return agora;
    }
    bool wait_for_log(agora_process& agora, const std::string& text)
    {
        return agora.output_with(text).find(text) != std::string::npos;
    }

    community data{"sqlite"};
    std::unique_ptr<larder::testing::process> server;
    std::string port;
};

TEST_F(smtp_login, without_tls_no_password_is_sent)
{
    start(smtp_behaviour::nothing);
    const auto agora = serve();
    EXPECT_TRUE(wait_for_log(*agora, "MAIL_TLS=optional")) << agora->output();
    EXPECT_THAT(server->output(), Not(HasSubstr("AUTH")));
    EXPECT_THAT(server->output(), Not(HasSubstr("MAIL FROM")));
    EXPECT_THAT(agora->output(), Not(HasSubstr("pass-word-7")));
}

TEST_F(smtp_login, no_password_is_sent_to_a_server_with_an_untrusted_certificate)
{
    start(smtp_behaviour::own_certificate);
    const auto agora = serve();
    EXPECT_TRUE(wait_for_log(*agora, "certificate")) << agora->output();
    EXPECT_THAT(server->output(), Not(HasSubstr("AUTH")));
}

TEST_F(smtp_login, with_optional_tls_the_password_is_always_sent)
{
    for (const auto what : {smtp_behaviour::nothing, smtp_behaviour::own_certificate}) {
        start(what);
        const community fresh{"sqlite"};
        const agora_process agora{
            fresh, {"MAIL_URL=smtp://forum:pass-word-7@127.0.0.1:" + port, "MAIL_TLS=optional"}, false};
        EXPECT_EQ(call(agora.port(), "POST", "/api/auth/register", {}, ann).status, 201);
        EXPECT_TRUE(server->wait_for_output("DELIVERED")) << server->output();
        EXPECT_THAT(server->output(), HasSubstr(what == smtp_behaviour::nothing ? "CLEAR AUTH" : "TLS AUTH"));
    }
}

TEST_F(smtp_login, an_unresponsive_mail_server_does_not_delay_the_stop)
{
    start(smtp_behaviour::no_answer);
    const auto agora = serve();
    ASSERT_TRUE(server->wait_for_output("CONNECTED")) << server->output();
    const auto begin = std::chrono::steady_clock::now();
    agora->signal(SIGTERM);
    EXPECT_EQ(agora->wait(), 0) << agora->output();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{6});
}

}  // namespace
}  // namespace agora::e2e
