#include "engines/objects/protection.h"

#include "base/hash.h"

namespace millrace::objects {
namespace {

constexpr size_t kSaltBytes = 16;
constexpr std::string_view kStreamKeys = "millrace stream key 1";
constexpr std::string_view kCallerWraps = "millrace caller wraps 1";
constexpr std::string_view kCallerCheck = "millrace caller check 1";

Bytes box(runtime::Random& random, const Secret& key, BytesView bound, const Secret& plain) {
  Bytes out(Cipher::kNonceBytes + plain.size() + Cipher::kTagBytes, '\0');
  random.fill(out.data(), Cipher::kNonceBytes);
  Cipher cipher(key.view());
  cipher.seal(BytesView(out).substr(0, Cipher::kNonceBytes), bound, plain.view(),
              out.data() + Cipher::kNonceBytes);
  return out;
}

Result<Secret> unbox(const Secret& key, BytesView bound, BytesView boxed) {
  constexpr size_t kBoxBytes = Cipher::kNonceBytes + Cipher::kKeyBytes + Cipher::kTagBytes;
  Secret out;
  char* const to = out.resize(Cipher::kKeyBytes);
  Cipher cipher(key.view());
  if (boxed.size() == kBoxBytes && cipher.open(boxed.substr(0, Cipher::kNonceBytes), bound,
                                               boxed.substr(Cipher::kNonceBytes), to)) {
    return out;
  }
  return fail(ErrorKind::internal, "a wrapped key is damaged");
}

// Bucket and key with their lengths apart: no two objects have the same.
Bytes bound_to(ObjectName id) {
  return std::to_string(id.bucket.size()) + ":" + Bytes(id.bucket) + Bytes(id.key);
}

// What a caller's key is used for, each with a key of its own.
Secret derive(const Secret& caller_key, std::string_view purpose, BytesView salt) {
  return Secret(hmac_sha256(caller_key.view(), Bytes(purpose) + Bytes(salt)));
}

// The digest that tells a wrong key is of a derived key: it says nothing of the one that wraps.
Bytes check_of(const Secret& caller_key, BytesView salt) {
  return sha256(derive(caller_key, kCallerCheck, salt).view());
}

Protection begin(const Protect& how) {
  Protection out;
  out.guard = how.guard;
  out.name = how.name;
  out.context = how.context;
  out.wide = how.wide;
  return out;
}

}  // namespace

Result<Protected> protect(DataKeys& keys, runtime::Random& random, ObjectName id,
                          const Protect& how) {
  Protected out{begin(how), {}};
  if (how.guard == Guard::none) return out;
  random.fill(out.data_key.resize(Cipher::kKeyBytes), Cipher::kKeyBytes);
  if (how.guard != Guard::caller) {
    TRY(out.protection.data_key, keys.wrap(out.protection, id, out.data_key));
    return out;
  }
  if (how.caller_key.size() != Cipher::kKeyBytes) {
    return fail(ErrorKind::invalid, "a caller's key has 32 bytes");
  }
  Protection& protection = out.protection;
  protection.salt.assign(kSaltBytes, '\0');
  random.fill(protection.salt.data(), kSaltBytes);
  protection.check = check_of(how.caller_key, protection.salt);
  protection.data_key = box(random, derive(how.caller_key, kCallerWraps, protection.salt),
                            bound_to(id), out.data_key);
  return out;
}

Result<Protection> rewrap(DataKeys& keys, ObjectName id, const Protect& how,
                          const Secret& data_key) {
  ASSERT(how.guard == Guard::platform || how.guard == Guard::named);
  Protection out = begin(how);
  TRY(out.data_key, keys.wrap(out, id, data_key));
  return out;
}

Result<Secret> unprotect(DataKeys& keys, ObjectName id, const Protection& protection,
                         const Secret& caller_key) {
  if (protection.guard == Guard::none) return Secret();
  if (protection.guard != Guard::caller) return keys.unwrap(protection, id);
  if (!is_callers_key(protection, caller_key))
    return fail(ErrorKind::denied, "this is not the key that the object is sealed with");
  return unbox(derive(caller_key, kCallerWraps, protection.salt), bound_to(id),
               protection.data_key);
}

bool is_callers_key(const Protection& protection, const Secret& caller_key) {
  return caller_key.size() == Cipher::kKeyBytes &&
         equal_constant_time(check_of(caller_key, protection.salt), protection.check);
}

Secret make_stream_key(runtime::Random& random) {
  Secret out;
  random.fill(out.resize(Cipher::kKeyBytes), Cipher::kKeyBytes);
  return out;
}

Bytes wrap_stream_key(runtime::Random& random, const Secret& data_key, const Secret& stream_key) {
  return box(random, data_key, kStreamKeys, stream_key);
}

Result<Secret> unwrap_stream_key(const Secret& data_key, BytesView wrapped) {
  return unbox(data_key, kStreamKeys, wrapped);
}

}  // namespace millrace::objects
