// Trust policies: whether those whom one names are there.
// Reads rows of `txn`, without waiting. Errors: MalformedPolicyDocument, internal.
// Source: IAM API Reference, CreateRole.
#pragma once

#include <string_view>

#include "base/result.h"
#include "store/database.h"

namespace millrace::iam {

// `document` is one that check_policy() has let pass.
Result<void> check_trusted(store::Txn& txn, std::string_view document);

}  // namespace millrace::iam
