#include "services/s3/configurations.h"
#include "services/s3/website/website_rules.h"

namespace millrace::s3 {

Task<void> put_bucket_website(S3& s3, wire::Call& call, PutBucketWebsiteRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  CO_TRY(check_website(in.website_configuration()));
  const ConfigurationId id{in.bucket(), configuration::kWebsite};
  co_return co_await put_configuration(s3, id, in.website_configuration());
}

}  // namespace millrace::s3
