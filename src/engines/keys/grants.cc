#include "engines/keys/grants.h"

#include <algorithm>

namespace millrace::keys {
namespace {

using Words = std::map<std::string, std::string>;

bool has_all(const Words& all, const Words& some) {
  return std::ranges::all_of(some, [&all](const auto& word) {
    const auto found = all.find(word.first);
    return found != all.end() && found->second == word.second;
  });
}

bool lists(const Grant& grant, std::string_view operation) {
  return std::ranges::find(grant.operations, operation) != grant.operations.end();
}

bool is_no_more(const Grant& child, const Grant& parent) {
  const bool within = std::ranges::all_of(
      child.operations, [&parent](const std::string& one) { return lists(parent, one); });
  if (!within) return false;
  if (!parent.context_equals.empty()) return child.context_equals == parent.context_equals;
  return has_all(child.context_equals, parent.context_subset) ||
         has_all(child.context_subset, parent.context_subset);
}

}  // namespace

bool allows(const Grant& grant, const Use& use) {
  const bool named =
      grant.grantee == use.principal || (!use.role.empty() && grant.grantee == use.role);
  if (!named || !lists(grant, use.operation)) return false;
  if (use.child != nullptr) return is_no_more(*use.child, grant);
  if (use.context == nullptr) return true;
  if (!grant.context_equals.empty() && *use.context != grant.context_equals) return false;
  return has_all(*use.context, grant.context_subset);
}

Result<bool> is_granted(store::Txn& txn, const MasterKey& key, const Use& use) {
  bool out = false;
  TRY(txn.each(kGrants, {.prefix = store::key_prefix(key.realm, key.id)},
               [&out, &use](const Grant& grant) {
                 out = allows(grant, use);
                 return !out;
               }));
  return out;
}

Result<void> erase_grants(store::Txn& txn, const MasterKey& key) {
  return txn.each(kGrants, {.prefix = store::key_prefix(key.realm, key.id)},
                  [&txn](const Grant& grant) {
                    txn.erase(kGrants, grant.key());
                    return true;
                  });
}

}  // namespace millrace::keys
