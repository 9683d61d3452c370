// A bucket's lifecycle configuration as rules, and what answers tell of it.
//
// Threads: any. Errors: internal (a damaged configuration).
#pragma once

#include <optional>
#include <string>

#include "services/s3/configurations.h"
#include "services/s3/lifecycle/lifecycle_plan.h"

namespace millrace::s3 {

// The rules that are enabled.
LifecycleRules lifecycle_rules(const api::GetBucketLifecycleConfigurationOutput& configuration);

// None where the bucket has no configuration.
Result<LifecycleRules> find_lifecycle_rules(const objects::Objects& objects,
                                            std::string_view bucket);

// x-amz-expiration of a current version: expiry-date="…", rule-id="…". Empty where no rule ends it.
Result<std::string> expiration_header(const objects::Objects& objects, const objects::Entry& entry,
                                      const std::map<std::string, std::string>& tags);

// The end of an unfinished upload, for x-amz-abort-date and x-amz-abort-rule-id.
struct AbortDate {
  Time at{};
  std::string rule;
};
Result<std::optional<AbortDate>> abort_date(const objects::Objects& objects,
                                            const objects::Upload& upload);

template <class Out>
Result<void> write_expiration(const S3& s3, const Out& out, const objects::Entry& entry,
                              const std::map<std::string, std::string>& tags) {
  TRY(const std::string header, expiration_header(s3.objects, entry, tags));
  if (!header.empty()) out.set_expiration(header);
  return {};
}

}  // namespace millrace::s3
