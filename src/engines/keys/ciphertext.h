// Ciphertexts that leave the platform: a header that names the key and the version of its material,
// so that opening needs nothing else, and the sealed bytes. Opaque to whoever holds one; the format
// is docs/formats/sealed-keys.md. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/aead.h"
#include "base/ids.h"

namespace millrace::keys {

// What the owner of a ciphertext says with it, sealing and opening alike. Not secret.
using Context = std::map<std::string, std::string>;

struct Ciphertext {
  std::string key_id;     // A UUID, lower case.
  uint32_t material = 0;  // Its version.
  BytesView salt;         // Borrowed from what was parsed, as `sealed` is.
  BytesView header;       // Everything before `sealed`.
  BytesView sealed;
};

inline constexpr size_t kSaltBytes = 32;

// Nothing where these bytes are no ciphertext.
std::optional<Ciphertext> parse_ciphertext(BytesView bytes);

// `key_id` is a UUID, `salt` has kSaltBytes.
Bytes ciphertext_header(std::string_view key_id, uint32_t material, BytesView salt);

// Whether `text` is a UUID in lower case.
bool is_key_id(std::string_view text);

// What a ciphertext is bound to: its realm, its header and its context, each with its length, so
// that no two differ only in where one part ends.
Bytes bound_to(const Realm& realm, BytesView header, const Context& context);

}  // namespace millrace::keys
