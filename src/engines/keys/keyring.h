// Keyring: master keys, which seal small secrets and never leave the platform.
//
// A master key has versions of its material; the newest seals, and every one still opens what it
// sealed. Materials are in the rows, sealed under the root key (root_key.h). The rules of who may
// do what to a key of which state are the caller's: seal() and open() do what they are asked.
// Deletion and rotation come on the clock, as timers, also after a crash.
//
// Threads: Keyring is thread-safe and holds no state; subscribe() runs before the timers start.
// Everything passed in outlives it. Functions that take a transaction only change it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/aead.h"
#include "engines/keys/ciphertext.h"
#include "engines/keys/root_key.h"
#include "engines/keys/rows.h"
#include "runtime/clock.h"
#include "runtime/random.h"
#include "runtime/task.h"
#include "store/timers.h"

namespace millrace::keys {

class Keyring final {
 public:
  Keyring(store::Database& db, runtime::Clock& clock, runtime::Random& random, RootKey root);

  // A new key with its first material; the caller puts it into its own transaction.
  MasterKey make_key(const Realm& realm) const;
  // Adds a version of its material. Errors: exhausted (kMaterialsMax).
  Result<void> rotate(MasterKey& key, RotationCause cause) const;

  // Seals up to kPlaintextBytesMax bytes under the newest material.
  // Errors: invalid (too long), internal (the row is damaged, or not of this root key).
  Result<Bytes> seal(const MasterKey& key, BytesView plain, const Context& context) const;
  // `ciphertext` names this key. Errors: invalid (not sealed by it, another context, or changed
  // since), internal.
  Result<Secret> open(const MasterKey& key, const Ciphertext& ciphertext,
                      const Context& context) const;

  // The key of that id, or behind that alias. Nothing where there is none.
  Result<std::optional<MasterKey>> find(const Realm& realm, std::string_view name) const;

  // The key that the platform uses for `purpose` where the customer names none: the target of
  // `alias`, made at its first use. Errors: conflict (too many others changed it), internal.
  Task<MasterKey> platform_key(Realm realm, std::string alias, std::string description,
                               std::string policy) const;

  // Secrets that belong to no master key, for the platform's own purposes.
  const RootKey& root() const { return root_; }
  runtime::Random& random() const { return random_; }

  // Puts the key with its timers: it is deleted at `deletion`, and rotates at `next_rotation`.
  // Errors: internal (store).
  static Result<void> put(store::Txn& txn, const MasterKey& key);
  void subscribe(store::Timers& timers);

 private:
  Result<Secret> material(const MasterKey& key, uint32_t number) const;
  Task<void> delete_key(store::Timer timer) const;
  Task<void> rotate_key(store::Timer timer) const;

  store::Database& db_;
  runtime::Clock& clock_;
  runtime::Random& random_;
  RootKey root_;
};

}  // namespace millrace::keys
