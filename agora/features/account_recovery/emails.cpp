// SPDX-License-Identifier: MIT
// The texts of the emails, see emails.hpp: one function per purpose. Each says who may have caused the email, what to
// do with it, and what to do if it was someone else.
#include <agora/features/account_recovery/emails.hpp>

namespace agora::account_recovery {
namespace {

mail::email reset_email(const std::string& name, const std::string& url, const std::string& token)
{
    mail::email m;
    m.subject = "Reset your password";
    m.text = "Someone, hopefully you, asked to reset the password of your account " + name + " at " + url +
             ".\n\nFollow this link within an hour, or send its token to POST /api/auth/password/reset:\n\n" + url +
             "/reset?token=" + token + "\n\nIf it was not you, ignore this email, and your password stays as it is.\n";
    return m;
}

mail::email verification_email(const std::string& name, const std::string& url, const std::string& token)
{
    mail::email m;
    m.subject = "Is this your address?";
    m.text = "This address was given for the new account " + name + " at " + url +
             ".\n\nIf it was you, follow this link within two days, or send its token to POST "
             "/api/auth/verify-email:\n\n" +
             url + "/verify-email?token=" + token + "\n\nIf it was not you, ignore this email.\n";
    return m;
}

mail::email confirmation_of_change(const std::string& name, const std::string& url, const std::string& token)
{
    mail::email m;
    m.subject = "Confirm your new address";
    m.text =
        "The member " + name + " of " + url +
        " wants to use this e-mail address from now on.\n\n"
        "If this is you, follow this link within two days, or send its token to POST /api/auth/email/confirm:\n\n" +
        url + "/confirm-email?token=" + token + "\n\nIf this is not you, ignore this email, and nothing will change.\n";
    return m;
}

mail::email warning_before_change(const std::string& name, const std::string& url)
{
    mail::email m;
    m.subject = "Your address is about to change";
    m.text = "Someone, hopefully you, asked to replace this e-mail address of your account " + name + " at " + url +
             ". It will change when the new address is confirmed.\n\n"
             "If it was not you, sign in and set a new password now. That cancels the change and ends all other "
             "sign-ins.\n";
    return m;
}

mail::email notice_after_change(const std::string& name, const std::string& url)
{
    mail::email m;
    m.subject = "Your address was changed";
    m.text = "Your account " + name + " at " + url +
             " now has another e-mail address. Emails about it are no longer sent here.\n\n"
             "If it was not you who changed it, contact the operators of the community.\n";
    return m;
}

}  // namespace

bool has_token(std::string_view purpose) { return purpose == purposes::reset || asks_for_proof(purpose); }

bool asks_for_proof(std::string_view purpose)
{
    return purpose == purposes::verify || purpose == purposes::confirm_new_address;
}

mail::email text_of(const queued_email& e, const std::string& public_url, const std::string& token)
{
    mail::email m;
    if (e.purpose == purposes::reset) m = reset_email(e.username, public_url, token);
    if (e.purpose == purposes::verify) m = verification_email(e.username, public_url, token);
    if (e.purpose == purposes::confirm_new_address) m = confirmation_of_change(e.username, public_url, token);
    if (e.purpose == purposes::warn_old_address) m = warning_before_change(e.username, public_url);
    if (e.purpose == purposes::old_address_replaced) m = notice_after_change(e.username, public_url);
    m.to = e.email;
    return m;
}

mail::email text_for_owner(const queued_email& e, const std::string& public_url, const std::string& owner)
{
    mail::email m;
    m.to = e.email;
    m.subject = "You already have an account";
    m.text = "This address was given for " + std::string{e.purpose == purposes::verify ? "a new" : "another"} +
             " account at " + public_url + ", but it already belongs to your account " + owner +
             ".\n\nIf it was you, sign in as " + owner + ", or reset the password if you have forgotten it.\n" +
             "If it was not you, ignore this email; the other account cannot use your address.\n";
    return m;
}

}  // namespace agora::account_recovery
