// SPDX-License-Identifier: MIT
// Where a request comes from, for logs and for lists of sign-ins. Handlers take it as a parameter by value; it does not
// refer to the request.
#pragma once

#include <agora/http/client_address.hpp>
#include <agora/http/request.hpp>
#include <larder/utf8.hpp>
#include <string>

namespace agora::http {

class client_info {
 public:
    client_info(std::string from, std::string agent, std::string id)
        : address{std::move(from)}, user_agent{std::move(agent)}, request_id{std::move(id)}
    {}
    explicit client_info(const request& r)
        : client_info{std::string{r.client}, larder::repaired_utf8(r.header("user-agent"), longest_agent),
                      std::string{r.request_id}}
    {}

    static constexpr std::size_t longest_agent = 200;  ///< bytes; longer User-Agent fields are cut

    std::string address;
    std::string user_agent;  ///< valid UTF-8
    std::string request_id;

    /// The network by which attempts are counted: the IPv4 address, or the /64 prefix of an IPv6 address.
    std::string network() const { return client_network(address); }
};

}  // namespace agora::http
