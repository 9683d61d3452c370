// Who may use and manage keys: asked before every operation.
//
// The policy of a key decides. What IAM's policies say counts only where the key's lets their
// account in, which a usual key's does; so a key can be out of reach of its own account's root.
// Operations on no key are IAM's business alone. Callers of another account name the key by its
// ARN, and both its policy and their own must allow them.
// Source: KMS Developer Guide, "Determining access to AWS KMS keys", "Condition keys for AWS KMS",
// "Allowing users in other accounts to use a KMS key". Threads: as the operations.
#pragma once

#include "services/kms/kms.h"

namespace millrace::kms {

// For wire::Bound. Errors: AccessDeniedException, MissingAuthenticationTokenException; internal.
// What names no key that is there is not refused: its operation says so.
Result<void> authorize(void* service, wire::Call& call, const wire::Operation& operation,
                       wire::Value input);

// A policy that the key is about to get: its caller must be able to change it again.
// Errors: MalformedPolicyDocumentException; internal.
Result<void> check_lockout(const Kms& kms, wire::Call& call, const keys::MasterKey& key);

// The document that holds for the key: its own, or that of the service whose key it is.
std::string policy_of(const keys::MasterKey& key);

}  // namespace millrace::kms
