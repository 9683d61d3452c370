#include "services/s3/configurations.h"

namespace millrace::s3 {

// DIVERGES: MFA delete is refused, with the header as with the element; there are no such devices.
Task<void> put_bucket_versioning(S3& s3, wire::Call& call, PutBucketVersioningRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const api::VersioningConfiguration asked = in.versioning_configuration();
  const std::string_view status = asked.status();
  const std::string_view mfa = asked.mfa_delete();
  if (status != "Enabled" && status != "Suspended") co_return fail(problem(Problem::malformed_xml));
  if (!mfa.empty() && mfa != "Enabled" && mfa != "Disabled") {
    co_return fail(problem(Problem::malformed_xml));
  }
  if (mfa == "Enabled" || in.has_mfa()) co_return fail(not_implemented("MFA delete"));
  const auto wanted =
      status == "Enabled" ? objects::Versioning::enabled : objects::Versioning::suspended;
  const std::string bucket(in.bucket());
  if (wanted == objects::Versioning::suspended) {
    CO_TRY(const auto rules, s3.objects.setting(bucket, configuration::kReplication));
    if (rules) {
      co_return fail(problem(Problem::invalid_bucket_state, {},
                             "A replication configuration is present on this bucket, so the "
                             "versioning state cannot be changed."));
    }
  }
  Result<void> set = co_await s3.objects.set_versioning(bucket, wanted);
  if (!set && set.error().kind == ErrorKind::precondition_failed) {
    co_return fail(problem(Problem::invalid_bucket_state, {},
                           "An Object Lock configuration is present on this bucket, so the "
                           "versioning state cannot be changed."));
  }
  if (!set) co_return fail(translate(s3, {bucket, ""}, std::move(set).error()));
  co_return ok;
}

}  // namespace millrace::s3
