#include "services/s3/configurations.h"
#include "services/s3/lifecycle/lifecycle_rules.h"

namespace millrace::s3 {

namespace {

constexpr std::string_view kMinimumSize = "all_storage_classes_128K";

}  // namespace

// Kept in the form in which it is answered: the rules, and the smallest object that is moved.
Task<PutBucketLifecycleConfigurationOutput> put_bucket_lifecycle_configuration(
    S3& s3, wire::Call& call, PutBucketLifecycleConfigurationRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const api::BucketLifecycleConfiguration wanted = in.lifecycle_configuration();
  if (!wanted) co_return fail(problem(Problem::missing_request_body));
  CO_TRY(check_lifecycle(wanted));
  const auto kept = call.make<GetBucketLifecycleConfigurationOutput>();
  kept.share_members(wanted);
  kept.set_transition_default_minimum_object_size(
      in.transition_default_minimum_object_size(kMinimumSize));
  // AWS: a rule without an id gets one.
  size_t number = 0;
  for (const api::LifecycleRule rule : kept.rules()) {
    if (!rule.has_id() || rule.id().empty()) rule.set_id(generated_id(call, number));
    ++number;
  }
  const ConfigurationId id{in.bucket(), configuration::kLifecycle};
  CO_TRY(co_await put_configuration(s3, id, kept));
  auto out = call.make<PutBucketLifecycleConfigurationOutput>();
  out.set_transition_default_minimum_object_size(kept.transition_default_minimum_object_size());
  co_return out;
}

}  // namespace millrace::s3
