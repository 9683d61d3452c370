// KeyFixture: a key store of listed keys, for the tests and fuzzers of this module.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/auth/credentials.h"

namespace millrace::auth {

class KeyFixture final : public KeyStore {
 public:
  explicit KeyFixture(std::vector<AccessKey> keys) : keys_(std::move(keys)) {}

  Result<std::optional<AccessKey>> find(std::string_view access_key_id) override {
    for (const AccessKey& key : keys_) {
      if (key.id == access_key_id) return key;
    }
    return std::nullopt;
  }

 private:
  std::vector<AccessKey> keys_;
};

}  // namespace millrace::auth
