// Protection: how an object's bytes are kept from whoever has only the disk.
//
// Every sealed object has a data key, made at random. Each of its streams (a blob, or the bytes in
// a row) has a key of its own, wrapped under the data key in the segment that names it; so streams
// are shared by copies, and composed into objects, without being sealed again (sealing.h). The data
// key is wrapped by what the caller chose:
//
//   none      nothing is sealed; objects of the first format are so.
//   platform  a key of the platform's own.
//   named     a key that the caller names, which may be disabled or deleted later.
//   caller    a key that the caller gives with each request. It is not kept: a salted digest of it
//             tells a wrong one.
//
// A wrapped data key opens for its object only: `id` is authenticated with it.
// Formats: docs/formats/sealed-objects.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/aead.h"
#include "base/result.h"
#include "runtime/random.h"

namespace millrace::objects {

enum class Guard : uint8_t { none = 0, platform = 1, named = 2, caller = 3 };

struct Protection {
  Guard guard = Guard::none;
  Bytes data_key;    // Wrapped.
  std::string name;  // Of a named key, so that it can be found again.
  // What the caller wants authenticated with a named key, and shown again.
  std::map<std::string, std::string> context;
  bool wide = false;  // A named key wraps it for the bucket, not for the one object.
  Bytes salt, check;  // Of a caller's key.

  bool sealed() const { return guard != Guard::none; }
  bool operator==(const Protection&) const = default;
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.guard), v(2, self.data_key), v(3, self.name), v(4, self.context), v(5, self.wide);
    v(6, self.salt), v(7, self.check);
  }
};

// The sealed stream that a segment is a piece of.
struct Seal {
  Bytes key;                 // Wrapped under the object's data key.
  uint64_t plain_bytes = 0;  // Of the whole stream.
  bool operator==(const Seal&) const = default;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.key), v(2, self.plain_bytes);
  }
};

struct ObjectName {
  std::string_view bucket, key;
};

// What wraps data keys for Guard::platform and Guard::named; the owner of the engine implements it.
// Thread-safe; reads rows, and waits for nothing.
class DataKeys {
 public:
  virtual ~DataKeys() = default;
  // Errors: not_found (no such key), precondition_failed (it is disabled), conflict (it waits to be
  // deleted), denied, internal.
  // Completes how.name, where it is another name of the key.
  virtual Result<Bytes> wrap(Protection& how, ObjectName id, const Secret& data_key) = 0;
  virtual Result<Secret> unwrap(const Protection& how, ObjectName id) = 0;
};

// What a caller asks for; without a word, the platform's key.
struct Protect {
  Guard guard = Guard::platform;
  std::string name;
  std::map<std::string, std::string> context;
  bool wide = false;
  Secret caller_key;  // 32 bytes, of Guard::caller.
};

struct Protected {
  Protection protection;
  Secret data_key;  // Empty where nothing is sealed.
};

// A new data key for the object. Errors: those of DataKeys, invalid (a caller's key of another
// length).
Result<Protected> protect(DataKeys& keys, runtime::Random& random, ObjectName id,
                          const Protect& how);
// The same data key, wrapped for another object or by another key. Not for Guard::caller, on either
// side: what a caller's key guards has keys that no other guard has seen.
Result<Protection> rewrap(DataKeys& keys, ObjectName id, const Protect& how,
                          const Secret& data_key);
// The data key. `caller_key` is looked at for Guard::caller only. Errors: denied (it is not the
// caller's key, or none was given), those of DataKeys, internal (the row is damaged).
Result<Secret> unprotect(DataKeys& keys, ObjectName id, const Protection& protection,
                         const Secret& caller_key);

// Whether the key is the one that guards; of Guard::caller only.
bool is_callers_key(const Protection& protection, const Secret& caller_key);

// A new stream's key, and its wrapped form. Errors of the latter: internal (damage).
Secret make_stream_key(runtime::Random& random);
Bytes wrap_stream_key(runtime::Random& random, const Secret& data_key, const Secret& stream_key);
Result<Secret> unwrap_stream_key(const Secret& data_key, BytesView wrapped);

}  // namespace millrace::objects
