#include "services/s3/policies/policy_errors.h"

namespace millrace::s3 {
namespace {

Error of_bucket(ErrorKind kind, std::string_view message, std::string_view code, int status,
                std::string_view bucket) {
  Error out{kind, std::string(message), std::string(code), status};
  out.details = {{"BucketName", std::string(bucket)}};
  return out;
}

}  // namespace

Error access_denied(std::string_view message) {
  return {ErrorKind::denied, std::string(message), "AccessDenied", 403};
}

Error malformed_policy(std::string_view cause) {
  return {ErrorKind::invalid, std::string(cause), "MalformedPolicy", 400};
}

Error malformed_acl() {
  return {ErrorKind::invalid,
          "The XML you provided was not well-formed or did not validate against our published "
          "schema",
          "MalformedACLError", 400};
}

Error method_not_allowed() {
  return {ErrorKind::denied, "The specified method is not allowed against this resource.",
          "MethodNotAllowed", 405};
}

Error no_such_bucket_policy(std::string_view bucket) {
  return of_bucket(ErrorKind::not_found, "The bucket policy does not exist", "NoSuchBucketPolicy",
                   404, bucket);
}

Error no_public_access_block(std::string_view bucket) {
  return of_bucket(ErrorKind::not_found, "The public access block configuration was not found",
                   "NoSuchPublicAccessBlockConfiguration", 404, bucket);
}

Error no_ownership_controls(std::string_view bucket) {
  return of_bucket(ErrorKind::not_found, "The bucket ownership controls were not found",
                   "OwnershipControlsNotFoundError", 404, bucket);
}

Error lists_not_supported() {
  return {ErrorKind::invalid, "The bucket does not allow ACLs", "AccessControlListNotSupported",
          400};
}

Error unresolvable_grant() {
  return {ErrorKind::invalid,
          "The email address you provided does not match any account on record.",
          "UnresolvableGrantByEmailAddress", 400};
}

}  // namespace millrace::s3
