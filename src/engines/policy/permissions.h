// Permissions: the policies that a caller has, read from the rows and parsed.
//
// Rows are read anew for each question, so that what a commit has given or taken is so from its
// answer on. Parsed documents are cached by their text. Thread-safe; reads rows without waiting.
// Errors: internal (store; a stored document that cannot be read: nothing is allowed by it).
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "engines/policy/evaluate.h"
#include "engines/policy/holdings.h"
#include "engines/policy/identities.h"
#include "runtime/locked.h"

namespace millrace::policy {

class Permissions final {
 public:
  static constexpr size_t kDocumentsMax = 1024;  // In the cache.

  // Both outlive this object.
  Permissions(store::Database& db, Identities& identities) : db_(db), identities_(identities) {}

  // What the subject's user or role has, its boundary, and what limits its session. Nothing for
  // root and for anonymous requests.
  Result<Policies> of(const Subject& subject);

  // Tells the subject what its key is of: the role of a session, and what limits it. Without a key,
  // as within the process, its ARN names the role.
  Result<void> complete(Subject& subject, std::string_view access_key_id);

  // The role of that ARN, whatever its path. Nothing where there is none.
  Result<std::optional<Role>> find_role(std::string_view arn);

  Result<DocumentPtr> parsed(const std::string& text);

  // What IAM's policy language knows of the subject itself: aws:username, aws:PrincipalArn, ….
  Result<void> describe(const Subject& subject, Context& context);

 private:
  Result<void> add_holder(store::Txn& txn, const Holder& holder, Policies& out);
  Result<DocumentPtr> managed(store::Txn& txn, const std::string& account, const PolicyName& name);

  store::Database& db_;
  Identities& identities_;
  runtime::Locked<std::map<std::string, DocumentPtr, std::less<>>> documents_;
};

// Whose policies the subject has: the user or role that its ARN names. Its name is empty where it
// is neither.
Holder holder_of(const Subject& subject);

// The default version of a managed policy, of the account or of AWS. Empty where it is not known.
Result<std::string> managed_document(store::Txn& txn, const std::string& account,
                                     const PolicyName& name);

}  // namespace millrace::policy
