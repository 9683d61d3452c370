#include "engines/policy/names.h"

#include <algorithm>

namespace millrace::policy {
namespace {

std::string folded(std::string name) {
  std::ranges::transform(name, name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  return name;
}

}  // namespace

Result<bool> claim_name(store::Txn& txn, const std::string& account, std::string_view noun,
                        const std::string& name) {
  NameClaim claim{account, std::string(noun), folded(name), name};
  TRY(const std::optional<NameClaim> taken, txn.find(kNameClaims, claim.key()));
  if (taken) return false;
  txn.put(kNameClaims, claim);
  return true;
}

void release_name(store::Txn& txn, const std::string& account, std::string_view noun,
                  const std::string& name) {
  txn.erase(kNameClaims, {account, std::string(noun), folded(name)});
}

Result<size_t> count_names(store::Database& db, const std::string& account, std::string_view noun,
                           size_t most) {
  store::Txn txn = db.begin();
  size_t count = 0;
  const store::Range range{.prefix = store::key_prefix(account, noun), .limit = most};
  TRY(txn.each(kNameClaims, range, [&count](NameClaim&) {
    ++count;
    return true;
  }));
  return count;
}

}  // namespace millrace::policy
