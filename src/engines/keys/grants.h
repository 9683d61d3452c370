// Grants: what lets somebody use a key beside the policies.
//
// A grant names one principal, some operations, and perhaps what their contexts must be. It counts
// from its commit on, for as long as its row is there; it goes with its key. Whose denials outweigh
// it is the caller's business. Formats: docs/formats/rows.md. Threads: as the transaction.
// Source: KMS Developer Guide, "Grants in AWS KMS".
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engines/keys/rows.h"

namespace millrace::keys {

struct Grant {
  Realm realm;  // Of the key.
  std::string key_id;
  std::string id;  // 64 hex digits.
  std::string name;
  std::string grantee;   // Who may…
  std::string retiring;  // …and who may end it; empty: nobody is named.
  std::string issuer;    // Whose account made it.
  std::vector<std::string> operations;
  // What the context of an operation must be, or have; empty: whatever it is.
  std::map<std::string, std::string> context_equals;
  std::map<std::string, std::string> context_subset;
  Time created{};

  using Key = std::tuple<Realm, std::string, std::string>;
  Key key() const { return {realm, key_id, id}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.realm), v(2, self.key_id), v(3, self.id), v(4, self.name), v(5, self.grantee);
    v(6, self.retiring), v(7, self.issuer), v(8, self.operations), v(9, self.context_equals);
    v(10, self.context_subset), v(11, self.created);
  }
};
inline constexpr store::Table<Grant> kGrants{"keys.grants"};

// What somebody is about to do with a key.
struct Use {
  std::string_view principal;  // The ARN of who asks…
  std::string_view role;       // …and of the role of a session; empty: none.
  std::string_view operation;  // Decrypt
  const std::map<std::string, std::string>* context = nullptr;  // Null: it has none.
  const Grant* child = nullptr;  // Of CreateGrant: it gives no more than its parent does.
};

bool allows(const Grant& grant, const Use& use);
// Whether one of the key's grants does. Errors: internal (store).
Result<bool> is_granted(store::Txn& txn, const MasterKey& key, const Use& use);
// Takes all of a key's grants away. Errors: internal (store).
Result<void> erase_grants(store::Txn& txn, const MasterKey& key);

}  // namespace millrace::keys
