// Keys: tuples of typed parts as bytes whose order is the order of the tuples.
//
// A part is a std::string (byte order, so UTF-8 in code point order; any byte may occur), a Realm
// (account, then region), an int64_t, a uint64_t or a Time. The format is docs/formats/keys.md.
// Pure; no errors but those of decode_key() (`internal`).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

namespace millrace::store {

// The beginning of a string part: only as the last part of key_prefix().
struct StartsWith {
  std::string_view text;
};

// Appends one part.
void append_key_part(Bytes& key, std::string_view text);
void append_key_part(Bytes& key, const Realm& realm);
void append_key_part(Bytes& key, int64_t number);
void append_key_part(Bytes& key, uint64_t number);
void append_key_part(Bytes& key, Time time);
void append_key_part(Bytes& key, StartsWith beginning);

// Takes one part off the front of `key`. False where there is none.
bool take_key_part(BytesView& key, std::string& text);
bool take_key_part(BytesView& key, Realm& realm);
bool take_key_part(BytesView& key, int64_t& number);
bool take_key_part(BytesView& key, uint64_t& number);
bool take_key_part(BytesView& key, Time& time);

template <class T>
concept KeyPart =
    std::is_same_v<T, int64_t> || std::is_same_v<T, uint64_t> || std::is_same_v<T, Time> ||
    std::is_same_v<T, Realm> || std::is_same_v<T, StartsWith> ||
    std::is_convertible_v<const T&, std::string_view>;

// All keys whose first parts are `parts`. An integer must have exactly the type of the key's part.
template <KeyPart... Parts>
Bytes key_prefix(const Parts&... parts) {
  Bytes key;
  (append_key_part(key, parts), ...);
  return key;
}

template <class... Parts>
Bytes encode_key(const std::tuple<Parts...>& key) {
  return std::apply([](const Parts&... parts) { return key_prefix(parts...); }, key);
}

template <class Key>
Result<Key> decode_key(BytesView bytes) {
  Key key;
  const bool whole =
      std::apply([&bytes](auto&... parts) { return (take_key_part(bytes, parts) && ...); }, key);
  if (!whole || !bytes.empty()) return fail(ErrorKind::internal, "the key is damaged");
  return key;
}

// The first key after all that begin with `prefix`; empty where there is none. With Range::from it
// skips a whole group of keys.
Bytes key_after_prefix(BytesView prefix);

}  // namespace millrace::store
