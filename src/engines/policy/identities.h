// Identities: whose an access key is, and the making of keys.
//
// Knows accounts, users, roles, long-term keys and sessions; nothing of how a request carries a
// key. Thread-safe: state is in the store, and a bounded cache of keys is kept beside it. Secrets
// are in the rows (a signature cannot be verified without them) and leave only through find() and
// the answer that makes a key.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "engines/policy/tables.h"
#include "runtime/clock.h"
#include "runtime/locked.h"
#include "runtime/random.h"
#include "runtime/task.h"
#include "store/database.h"

namespace millrace::policy {

// Whom an access key stands for.
struct Identity {
  std::string access_key_id, secret, token;  // token: of a session only
  std::optional<Time> expires;
  std::string account;
  std::string arn;      // arn:aws:iam::…:root, :user/…, or arn:aws:sts::…:assumed-role/…
  std::string user_id;  // The account for root, AIDA… for a user, AROA…:name for a session.
  std::string role_arn;
  bool root = false;
  std::vector<std::string> session_policies = {};  // Documents that limit a session.
};

// Who asks for a session, as far as the answer depends on it.
struct SessionRequest {
  std::string account;
  std::string user;  // GetSessionToken: whose; empty for root.
  std::string role;  // AssumeRole: the role's name.
  std::string session_name;
  seconds duration{3600};
  std::vector<std::string> policies = {};  // Documents that limit the session.
};

class Identities final {
 public:
  static constexpr size_t kCacheMax = 4096;
  // A session's row stays a while after its end, so that its token is told to be expired.
  static constexpr seconds kExpiredKept{24 * 3600};
  // Each new session takes away at most so many that ended long ago.
  static constexpr size_t kSweptMax = 32;

  // `db`, `clock` and `random` outlive this object.
  Identities(store::Database& db, runtime::Clock& clock, runtime::Random& random);

  // Whose key this is. Nothing for unknown and inactive ones. Errors: internal (store).
  Result<std::optional<Identity>> find(std::string_view access_key_id);

  // Makes `id` the account's root key, in place of any other secret it had.
  Task<void> declare_root(std::string account, std::string id, std::string secret);

  // Makes temporary credentials. Errors: not_found (user, role).
  Task<Session> start_session(SessionRequest request);

  // A new long-term key; the caller puts it into its own transaction, with put_key().
  AccessKey make_key(std::string account, std::string user);
  // A unique id with AWS's prefix: AIDA (user), AROA (role), ANPA (managed policy), AGPA (group).
  std::string make_id(std::string_view prefix);
  // Forgets what the cache holds of the key; after a commit that changes or deletes it.
  void forget(std::string_view access_key_id);
  // Forgets all of it; after a commit that renames, moves or deletes a user or a role.
  void forget_all();

 private:
  // `changes` counts what was forgotten, so that what was read before is not cached after.
  struct Cache {
    std::map<std::string, Identity, std::less<>> identities;
    uint64_t changes = 0;
  };

  Result<std::optional<Identity>> load(std::string_view access_key_id);
  Result<std::optional<Identity>> load_session(store::Txn& txn, const std::string& id);

  Result<void> sweep_sessions(store::Txn& txn);

  store::Database& db_;
  runtime::Clock& clock_;
  runtime::Random& random_;
  runtime::Locked<Cache> cache_;
};

// Writes, or takes away, a long-term key with its index.
void put_key(store::Txn& txn, const AccessKey& key);
void erase_key(store::Txn& txn, const AccessKey& key);

}  // namespace millrace::policy
