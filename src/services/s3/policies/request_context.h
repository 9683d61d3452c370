// What policies may ask of an S3 request: condition keys of AWS and of S3.
//
// Pure but for the clock. Source: Service Authorization Reference, "Condition keys for Amazon S3";
// IAM User Guide, "AWS global condition context keys".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/s3/s3.h"

namespace millrace::s3 {

// arn:aws:s3:::bucket, or with a key arn:aws:s3:::bucket/key.
std::string bucket_arn(std::string_view bucket, std::string_view key);

// The text member of that name; empty where there is none.
std::string_view text_member(const wire::Operation& operation, wire::Value input,
                             std::string_view name);

// Who, where, when and how: aws:SourceIp, aws:SecureTransport, aws:CurrentTime, ….
void add_request(policy::Context& context, const S3& s3, const wire::Call& call,
                 std::string_view resource_account);

// What the input says: s3:prefix, s3:VersionId, s3:x-amz-acl, s3:RequestObjectTag/…, ….
void add_input(policy::Context& context, const wire::Operation& operation, wire::Value input);

// The permissions that members of the input need, besides the operation's own: tags, an access
// list, a retention.
std::vector<std::string_view> further_actions(const wire::Operation& operation, wire::Value input);

}  // namespace millrace::s3
