// The root key: 256 bits in <data>/root-key, under which every master key is sealed.
//
// The file is apart from the rows, so that the rows alone (a backup of them, a disk that holds
// only them) decrypt nothing. Losing it loses everything that is encrypted: what the rows were
// sealed under is marked there, and another root key, or none, is refused at start instead of
// being made anew. The format is docs/formats/sealed-keys.md.
//
// RootKey is immutable and thread-safe. Purposes have keys of their own, derived from it, so that
// what is sealed for one cannot be opened for another.
#pragma once

#include <string_view>

#include "base/aead.h"
#include "base/result.h"
#include "runtime/disk.h"
#include "runtime/random.h"
#include "store/database.h"

namespace millrace::keys {

class RootKey final {
 public:
  explicit RootKey(Secret secret);

  // Seals a small secret for `purpose`; only what `bound` says too opens it again.
  Bytes seal(runtime::Random& random, std::string_view purpose, BytesView bound,
             BytesView plain) const;
  // Errors: invalid (sealed for something else, under another root key, or changed since).
  Result<Secret> open(std::string_view purpose, BytesView bound, BytesView sealed) const;

  // Tells root keys apart, and tells nothing of the key.
  Bytes fingerprint() const;

 private:
  Secret derive(std::string_view purpose) const;
  Secret secret_;
};

// Reads the file. Makes it, mode 0600 and on disk when this answers, where it is missing and the
// rows do not name a root key yet. Blocks, and runs before anything else writes.
// Errors: denied (others can read the file), not_found (the rows name a root key and there is no
// file), invalid (damaged, or not the root key of these rows), exhausted, internal.
Result<RootKey> load_root_key(runtime::Disk& disk, runtime::Random& random, store::Database& db,
                              const runtime::Path& data);

}  // namespace millrace::keys
