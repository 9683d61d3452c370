// Versions of managed policies, as requests name them: v1.
#pragma once

#include "services/iam/views.h"

namespace millrace::iam {

// Errors: NoSuchEntity.
Result<policy::PolicyVersion> find_version(store::Txn& txn, const policy::ManagedPolicy& row,
                                           std::string_view version_id);

}  // namespace millrace::iam
