#include "services/s3/configurations.h"

namespace millrace::s3 {

Task<GetBucketWebsiteOutput> get_bucket_website(S3& s3, wire::Call& call,
                                                GetBucketWebsiteRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const ConfigurationId id{in.bucket(), configuration::kWebsite};
  CO_TRY(const auto found, find_configuration<api::WebsiteConfiguration>(s3, id, call.arena));
  if (!found) {
    co_return fail(problem(Problem::no_such_website_configuration,
                           {{"BucketName", std::string(in.bucket())}}));
  }
  auto out = call.make<GetBucketWebsiteOutput>();
  out.share_members(found);
  co_return out;
}

}  // namespace millrace::s3
