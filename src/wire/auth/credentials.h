// Credentials: what the wire must know of an access key, and where it asks for it.
//
// The secret leaves this module in no form: it is neither logged nor part of any error.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace millrace::auth {

struct AccessKey {
  std::string id;
  std::string secret;
  std::string session_token = {};    // Of a temporary key; empty for a long-term key.
  std::optional<Time> expires = {};  // When a temporary key ends.
  std::string account = {};          // 12 digits.
  std::string principal_arn = {};    // arn:aws:iam::…:user/x, or the assumed role's ARN.
  std::string user_id = {};          // AIDA…, or AROA…:session.
  std::string role_arn = {};         // The role behind a temporary key, if any.
  bool root = false;                 // The account's own key.
};

// Finds keys by id. Thread-safe; called on the loop, so it must not block on the network.
class KeyStore {
 public:
  virtual ~KeyStore() = default;
  // Nothing where no active key has this id. Errors: internal.
  virtual Result<std::optional<AccessKey>> find(std::string_view access_key_id) = 0;
};

}  // namespace millrace::auth
