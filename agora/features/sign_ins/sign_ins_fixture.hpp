// SPDX-License-Identifier: MIT
// The fixture of the tests about sign-ins: that of accounts, and the slice sign_ins. sign_in_as() signs in, read()
// verifies a token.
#pragma once

#include <agora/features/accounts/accounts_fixture.hpp>
#include <agora/features/sign_ins/sign_ins.hpp>

namespace agora::sign_ins {

class sign_ins_in : public accounts::accounts_in {
 protected:
    outcome<tokens> sign_in_as(const std::string& login, const std::string& password = "kelp-morning-7",
                               const std::string& address = "203.0.113.9")
    {
        return run(sign_ins_.sign_in_with({login, password}, from(address)));
    }
    credentials::claims read(const std::string& token, credentials::token_type type = credentials::token_type::access)
    {
        return credentials::read_token(sign_ins_.keys(), token, type, clock_.wall()).value();
    }

    sign_ins::slice sign_ins_{parts(), accounts_, events_, keys(), registration_mode::open};

 private:
    static credentials::key_ring keys()
    {
        credentials::key_ring ring;
        ring.emplace_back("", credentials::algorithm::hs256, std::string(32, 'k'));
        return ring;
    }
};

}  // namespace agora::sign_ins
