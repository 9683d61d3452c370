#include "services/s3/policies/lists.h"
#include "services/s3/versions.h"

namespace millrace::s3 {

// AWS: refused where lists are disabled, whatever it says. See put_object_acl.test.
// DIVERGES: a document that says what holds there anyway is taken, as s3cmd gives each copy the
// list of its source.
Task<PutObjectAclOutput> put_object_acl(S3& s3, wire::Call& call, PutObjectAclRequest in) {
  CO_TRY(objects::ObjectId id,
         open_key(s3, call, in.bucket(), in.key(), in.expected_bucket_owner()));
  CO_TRY(name_version(in, id));
  CO_TRY(const objects::Bucket bucket, s3.objects.bucket(id.bucket));
  const Result<objects::Object> object = s3.objects.describe(id);
  if (!object) co_return fail(read_error(s3, call, id, object.error()));
  const std::string owner = owner_id(bucket.owner);
  CO_TRY(const auto list, asked_list(in, owner, false));
  if (!list) {
    co_return fail(Error{ErrorKind::invalid,
                         "Your request was missing a required header",
                         "MissingSecurityHeader",
                         400,
                         {{"MissingHeaderName", "x-amz-acl"}}});
  }
  if (!in.has_access_control_policy()) CO_TRY(check_lists_enabled(s3, id.bucket));
  CO_TRY(check_list(s3, call, id, *list, "s3:PutObjectAcl"));
  const bool plain = *list == private_list(owner);
  Result<void> set = co_await s3.objects.set_attribute(id, std::string(kAclAttribute),
                                                       plain ? std::string() : list_text(*list),
                                                       cause_of(call, "PutObjectAcl"));
  if (!set) co_return fail(read_error(s3, call, id, std::move(set).error()));
  co_return call.make<PutObjectAclOutput>();
}

}  // namespace millrace::s3
