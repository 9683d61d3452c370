// DataKeys of a test: one key in memory, bound as the real ones are. Tests only.
#pragma once

#include "base/hash.h"
#include "engines/objects/protection.h"

namespace millrace::objects {

class ToyDataKeys final : public DataKeys {
 public:
  bool disabled = false;  // Refuses what has a named key.

  Result<Bytes> wrap(Protection& how, ObjectName id, const Secret& data_key) override {
    TRY(check(how));
    Bytes out(data_key.size() + Cipher::kTagBytes, '\0');
    Cipher cipher(sha256("toy"));
    cipher.seal(Bytes(Cipher::kNonceBytes, 'n'), bound(how, id), data_key.view(), out.data());
    return out;
  }
  Result<Secret> unwrap(const Protection& how, ObjectName id) override {
    TRY(check(how));
    Secret out;
    char* const to = out.resize(Cipher::kKeyBytes);
    Cipher cipher(sha256("toy"));
    if (cipher.open(Bytes(Cipher::kNonceBytes, 'n'), bound(how, id), how.data_key, to)) return out;
    return fail(ErrorKind::internal, "the data key is damaged");
  }

 private:
  Result<void> check(const Protection& how) const {
    if (disabled && how.guard == Guard::named) {
      return fail(ErrorKind::precondition_failed, "the key is disabled");
    }
    return {};
  }
  static Bytes bound(const Protection& how, ObjectName id) {
    return how.name + "/" + Bytes(id.bucket) + "/" + Bytes(how.wide ? "" : id.key);
  }
};

}  // namespace millrace::objects
