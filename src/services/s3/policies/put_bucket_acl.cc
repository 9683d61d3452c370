#include "services/s3/policies/lists.h"

namespace millrace::s3 {

// AWS: the list is a canned one, one of headers, or a document; it is refused where lists are
// disabled, whatever it says. See put_bucket_acl.test.
Task<void> put_bucket_acl(S3& s3, wire::Call& call, PutBucketAclRequest in) {
  CO_TRY(const objects::Bucket bucket,
         open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  CO_TRY(const auto list, asked_list(in, owner_id(bucket.owner), true));
  if (!list) {
    co_return fail(Error{ErrorKind::invalid,
                         "Your request was missing a required header",
                         "MissingSecurityHeader",
                         400,
                         {{"MissingHeaderName", "x-amz-acl"}}});
  }
  const objects::ObjectId id{.bucket = bucket.name};
  CO_TRY(check_lists_enabled(s3, bucket.name));
  CO_TRY(check_list(s3, call, id, *list, "s3:PutBucketAcl"));
  objects::Setting setting;
  setting.bucket = bucket.name;
  setting.kind = configuration::kAcl;
  setting.document = list_text(*list);
  co_return co_await s3.objects.put_setting(std::move(setting));
}

}  // namespace millrace::s3
