#include "services/s3/configurations.h"

namespace millrace::s3 {

Task<GetBucketTaggingOutput> get_bucket_tagging(S3& s3, wire::Call& call,
                                                GetBucketTaggingRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const ConfigurationId id{in.bucket(), configuration::kTagging};
  CO_TRY(const auto tagging, find_configuration<api::Tagging>(s3, id, call.arena));
  if (!tagging || tagging.tag_set().empty()) {
    co_return fail(problem(Problem::no_such_tag_set, {{"BucketName", std::string(in.bucket())}}));
  }
  auto out = call.make<GetBucketTaggingOutput>();
  out.share_members(tagging);
  co_return out;
}

}  // namespace millrace::s3
