// SPDX-License-Identifier: MIT
// A Lua script. Calling it makes a request that names the script by its SHA-1 hash; the client sends the text if the
// server does not have the script (NOSCRIPT). The script must outlive its requests.
//
//     const script add_up{"return redis.call('INCRBY', KEYS[1], ARGV[1])"};
//     co_await redis.exec<long>(add_up(std::array{"total"}, 5));
#pragma once

#include <iterator>
#include <larder/redis/request.hpp>
#include <string>
#include <string_view>

namespace larder::redis {

class script {
 public:
    enum class access : unsigned char {
        writes,      ///< not retried when the outcome is unknown
        idempotent,  ///< may be executed twice
        reads,       ///< read-only: may be executed twice, and on replicas (EVALSHA_RO)
    };
    explicit script(std::string_view lua, access a = access::writes);

    /// KEYS: a range of strings. ARGV: anything that request::add() takes.
    template <class Keys, class... Arguments>
    request operator()(const Keys& keys, const Arguments&... arguments) const
    {
        request r{access_ == access::reads ? "EVALSHA_RO" : "EVALSHA", sha1_, std::ranges::distance(keys), keys,
                  arguments...};
        r.script_ = this;
        if (access_ != access::writes) r.idempotent();
        return r;
    }

    const std::string& text() const noexcept { return text_; }
    const std::string& sha1() const noexcept { return sha1_; }

 private:
    std::string text_;
    std::string sha1_;  ///< hexadecimal
    access access_;
};

}  // namespace larder::redis
