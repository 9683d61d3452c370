// The tags that a Create request brings, and their limits.
#pragma once

#include "services/sagemaker/sagemaker.h"

namespace millrace::sagemaker {

inline constexpr size_t kTagsMax = 50;  // AWS: of one resource.

// Puts `tags` (may be empty) as the tags of a new resource into the transaction.
// Errors: validation (too many, a key twice, an aws: key).
Result<void> put_new_tags(store::Txn& txn, const Realm& realm, const std::string& arn,
                          const wire::List<api::Tag>& tags);
// Adds to what is there.
Result<void> merge_tags(ResourceTags& row, const wire::List<api::Tag>& tags);

}  // namespace millrace::sagemaker
