// SigningKeys: a cache of derived signing keys, so that a small request costs two hashes, not six.
//
// Thread-safe. Bounded: the entry used longest ago makes room. An entry holds for one secret only,
// so a key that is made anew under an old id is derived anew.
#pragma once

#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/bytes.h"
#include "runtime/locked.h"
#include "wire/auth/limits.h"
#include "wire/auth/sigv4.h"

namespace millrace::auth {

class SigningKeys final {
 public:
  explicit SigningKeys(size_t entries_max = limits::kSigningKeysMax);

  // The key for `scope`, derived where it is not remembered.
  Bytes get(std::string_view access_key_id, std::string_view secret, const CredentialScope& scope);
  size_t size() const;

 private:
  struct Entry {
    std::string name;  // access key id and scope
    std::string secret;
    Bytes signing_key;
  };
  struct Entries {
    std::list<Entry> by_use;  // Newest first.
    std::unordered_map<std::string_view, std::list<Entry>::iterator> by_name;
  };

  size_t entries_max_;
  runtime::Locked<Entries> entries_;
};

}  // namespace millrace::auth
