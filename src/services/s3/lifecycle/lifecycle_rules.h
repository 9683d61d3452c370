// The rules of a lifecycle configuration, checked as AWS checks them. Pure.
// Source: S3 User Guide, "Lifecycle configuration elements"; PutBucketLifecycleConfiguration.
// Limits: kLifecycleRulesMax rules of a bucket.
#pragma once

#include <string>

#include "services/s3/s3.h"

namespace millrace::s3 {

inline constexpr size_t kLifecycleRulesMax = 1000;

// Errors: InvalidArgument, InvalidRequest, MalformedXML, InvalidTag.
Result<void> check_lifecycle(const api::BucketLifecycleConfiguration& configuration);

// What a rule applies to, in AWS's words: prefix 'a/', or filter '(prefix=a/)'.
std::string lifecycle_scope(const api::LifecycleRule& rule);

}  // namespace millrace::s3
