// Tags of keys.
#pragma once

#include <map>
#include <string>

#include "services/kms/kms.h"

namespace millrace::kms {

// Adds or replaces. Errors: TagException (a name twice, aws:), LimitExceededException.
Result<void> merge_tags(std::map<std::string, std::string>& tags,
                        const wire::List<api::Tag>& given);

}  // namespace millrace::kms
