// Keys: the wire's question "whose key is this", answered by the policy engine.
#pragma once

#include "engines/policy/identities.h"
#include "runtime/clock.h"
#include "runtime/machine_time.h"
#include "wire/auth/credentials.h"

namespace millrace::app {

class Keys final : public auth::KeyStore {
 public:
  // Signatures are judged by the clients' date: what ends on `clock` ends as much earlier for them
  // as it was moved.
  Keys(policy::Identities& identities, runtime::Clock& clock)
      : identities_(identities), clock_(clock) {}

  Result<std::optional<auth::AccessKey>> find(std::string_view access_key_id) override {
    TRY(std::optional<policy::Identity> found, identities_.find(access_key_id));
    if (!found) return std::nullopt;
    if (found->expires) *found->expires -= clock_.now() - runtime::outside_time(clock_);
    return auth::AccessKey{.id = std::move(found->access_key_id),
                           .secret = std::move(found->secret),
                           .session_token = std::move(found->token),
                           .expires = found->expires,
                           .account = std::move(found->account),
                           .principal_arn = std::move(found->arn),
                           .user_id = std::move(found->user_id),
                           .role_arn = std::move(found->role_arn),
                           .root = found->root};
  }

 private:
  policy::Identities& identities_;
  runtime::Clock& clock_;
};

}  // namespace millrace::app
