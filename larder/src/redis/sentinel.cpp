// SPDX-License-Identifier: MIT
// Asks the Sentinels, one after the other, who the master is; the one that knew goes first the next time. Whether it is
// one is checked on the connection itself (ROLE): a Sentinel may be behind.
// Source: redis.io/docs/latest/develop/reference/sentinel-clients
#include <algorithm>
#include <larder/redis/decode.hpp>
#include <map>

#include "ask.hpp"
#include "transport.hpp"

namespace larder::redis {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::milliseconds patience_with_sentinel{300};  // with one Sentinel

class sentinel_source final : public address_source {
 public:
    sentinel_source(asio::any_io_executor executor, const transport_settings& s)
        : executor_{std::move(executor)},
          master_{s.o.master},
          login_{s.o.sentinel_login},
          tls_{s.tls},
          sentinels_{s.o.addresses}
    {}

    asio::awaitable<address> find(steady_time deadline) override
    {
        std::string problem = "no Sentinel answers";
        const auto candidates = sentinels_;
        for (const auto& sentinel : candidates) {
            std::optional<std::pair<std::string, unsigned short>> found;
            std::vector<std::map<std::string, std::string>> others;
            const link::visitor see = [&](std::uint32_t i, const resp::value& reply) {
                if (i == 0 && reply.is_error()) problem = reply.text();
                if (i == 0 && !reply.is_error()) {
                    decode(reply, found);
                    if (!found) problem = "no Sentinel knows a master named " + master_;
                }
                if (i == 1) decode(reply, others);
            };
            request question{"SENTINEL get-master-addr-by-name", master_};
            question.add("SENTINEL sentinels", master_);
            const auto until = std::min(deadline, std::chrono::steady_clock::now() + patience_with_sentinel);
            const auto failure = co_await ask(executor_, tls_.get(), sentinel, login_, std::move(question), see, until);
            if (failure || !found) continue;
            learn(sentinel, others);
            co_return address{found->first, found->second};
        }
        throw boost::system::system_error{make_error_code(errc::unavailable), problem};
    }

 private:
    void learn(const address& first, const std::vector<std::map<std::string, std::string>>& others)
    {
        std::erase(sentinels_, first);
        sentinels_.insert(sentinels_.begin(), first);
        for (const auto& o : others) {
            const auto ip = o.find("ip");
            const auto port = o.find("port");
            if (ip == o.end() || port == o.end()) continue;
            const address a{ip->second, static_cast<unsigned short>(std::atoi(port->second.c_str()))};
            if (a.port != 0 && std::ranges::find(sentinels_, a) == sentinels_.end()) sentinels_.push_back(a);
        }
    }

    asio::any_io_executor executor_;
    std::string master_;
    credentials login_;
    std::shared_ptr<tls_files> tls_;
    std::vector<address> sentinels_;
};

}  // namespace

std::shared_ptr<address_source> make_sentinel_source(const asio::any_io_executor& executor, const transport_settings& s)
{
    return std::make_shared<sentinel_source>(executor, s);
}

}  // namespace larder::redis
