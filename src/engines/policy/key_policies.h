// The policies of master keys that nobody writes.
// Source: KMS Developer Guide, "Default key policy", "AWS managed keys".
#pragma once

#include <string>
#include <string_view>

#include "base/ids.h"

namespace millrace::policy {

// Of a key whose maker gave none: its account's own policies decide.
std::string default_key_policy(std::string_view account);

// Of a key that a service made for its customers: whoever of the account may use the service may
// use it through the service, and through it only. `service`: s3
std::string service_key_policy(const Realm& realm, std::string_view service);

}  // namespace millrace::policy
