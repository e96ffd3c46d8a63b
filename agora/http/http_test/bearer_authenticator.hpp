// SPDX-License-Identifier: MIT
// For tests: an authenticator with a fixed set of bearer tokens.
#pragma once

#include <agora/http/admission.hpp>
#include <agora/http/problem_codes.hpp>
#include <functional>

namespace agora::http {

class bearer_authenticator final : public authenticator {
 public:
    using lookup = std::function<std::optional<principal>(std::string_view token)>;
    explicit bearer_authenticator(lookup f) : lookup_{std::move(f)} {}

    std::optional<outcome<principal>> try_sync(request& r, const route& /*to*/) override
    {
        if (!r.has_header("authorization")) return outcome<principal>{principal{}};
        const auto token = bearer_token(r);
        const auto who = token ? lookup_(*token) : std::nullopt;
        if (who) return outcome<principal>{*who};
        return outcome<principal>{failure{problems::bad_credentials, "the credentials in Authorization are not valid"}};
    }
    boost::asio::awaitable<outcome<principal>> async(request& r, const route& to) override
    {
        co_return *try_sync(r, to);
    }

 private:
    lookup lookup_;
};

}  // namespace agora::http
