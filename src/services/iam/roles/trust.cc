#include "services/iam/roles/trust.h"

#include <fmt/format.h>

#include "engines/policy/principals.h"
#include "services/iam/iam.h"

namespace millrace::iam {

// AWS: users, roles and accounts that a role trusts are there when it is said. See
// create_role.test.
Result<void> check_trusted(store::Txn& txn, std::string_view document) {
  const Result<policy::Document> read = policy::read_document(document);
  if (!read) return fail(errors::malformed_policy_document(read.error().message));
  for (const policy::Statement& statement : read->statements) {
    for (const policy::PrincipalName& principal : statement.principals) {
      if (principal.type != "AWS" || principal.name == "*") continue;
      TRY(const bool known, policy::is_known_principal(txn, principal.name));
      if (known) continue;
      return fail(errors::malformed_policy_document(
          fmt::format("Invalid principal in policy: \"AWS\":\"{}\"", principal.name)));
    }
  }
  return {};
}

}  // namespace millrace::iam
