// SPDX-License-Identifier: MIT
// Asks the Sentinels, one after the other, for the address of the master. The connection then checks the server's role
// itself (ROLE), because a Sentinel may be outdated. A further call of find() means that the last address led to no
// lasting connection, so the Sentinel that gave it becomes the last one to be asked. Start with
// sentinel_source::find().
// Source: redis.io/docs/latest/develop/reference/sentinel-clients
#include <algorithm>
#include <larder/redis/decode.hpp>
#include <map>

#include "node_address.hpp"
#include "query.hpp"
#include "transport.hpp"

namespace larder::redis {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::milliseconds min_reply_timeout{300};  // with one Sentinel; grows when none replies in time
constexpr std::chrono::milliseconds max_reply_timeout{2000};

using fields = std::map<std::string, std::string>;

/// The order in which to ask the Sentinels the next time: those of the URL and those that `answered` knows of, in the
/// current order, with `answered` as the last one.
std::vector<address> next_order(const std::vector<address>& order, const std::vector<address>& of_url,
                                const address& answered, const std::vector<fields>& others)
{
    auto known = of_url;
    for (const auto& o : others) {
        const auto ip = o.find("ip");
        const auto port = o.find("port");
        if (ip == o.end() || port == o.end()) continue;
        if (auto a = node_address(ip->second, port->second)) known.push_back(*std::move(a));
    }
    std::vector<address> out;
    const auto add = [&](const address& a) {
        if (a != answered && std::ranges::find(out, a) == out.end()) out.push_back(a);
    };
    for (const auto& a : order) {
        if (std::ranges::find(known, a) != known.end()) add(a);
    }
    for (const auto& a : known) add(a);
    out.push_back(answered);
    return out;
}

class sentinel_source final : public address_source {
 public:
    sentinel_source(asio::any_io_executor executor, const transport_settings& s)
        : executor_{std::move(executor)},
          master_{s.o.master},
          login_{s.o.sentinel_login},
          tls_{s.tls},
          of_url_{s.o.addresses},
          sentinels_{of_url_}
    {}

    asio::awaitable<address> find(steady_time deadline) override
    {
        std::string problem = "no Sentinel replied";
        errc why = errc::unavailable;
        const auto candidates = sentinels_;
        for (const auto& sentinel : candidates) {
            std::optional<std::pair<std::string, unsigned short>> found;
            std::vector<fields> others;
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
            const auto begin = now();
            const auto until = std::min(deadline, begin + reply_timeout_);
            const queried_server server{sentinel, tls_.get(), login_};
            const auto failure = co_await query_server(executor_, server, std::move(question), see, until);
            if (failure && failure->code == errc::refused) {
                problem = "the Sentinel " + sentinel.text() + " says: " + failure->message;
                why = errc::refused;
            }
            if (failure || !found) {
                std::erase(sentinels_, sentinel);
                sentinels_.push_back(sentinel);
                continue;
            }
            sentinels_ = next_order(sentinels_, of_url_, sentinel, others);
            reply_timeout_ =
                std::max(min_reply_timeout, std::chrono::ceil<std::chrono::milliseconds>(2 * (now() - begin)));
            co_return address{found->first, found->second};
        }
        reply_timeout_ = std::min(2 * reply_timeout_, max_reply_timeout);
        throw boost::system::system_error{make_error_code(why), problem};
    }

 private:
    asio::any_io_executor executor_;
    std::string master_;
    credentials login_;
    std::shared_ptr<tls_files> tls_;
    std::vector<address> of_url_;
    std::vector<address> sentinels_;  ///< in the order in which they are asked
    std::chrono::milliseconds reply_timeout_ = min_reply_timeout;
};

}  // namespace

std::shared_ptr<address_source> make_sentinel_source(const asio::any_io_executor& executor, const transport_settings& s)
{
    return std::make_shared<sentinel_source>(executor, s);
}

}  // namespace larder::redis
