#include "services/s3/multipart/upload_rows.h"

namespace millrace::s3 {

Task<AbortMultipartUploadOutput> abort_multipart_upload(S3& s3, wire::Call& call,
                                                        AbortMultipartUploadRequest in) {
  CO_TRY(const objects::ObjectId id,
         open_key(s3, call, in.bucket(), in.key(), in.expected_bucket_owner()));
  if (in.has_if_match_initiated_time()) {
    co_return fail(not_implemented("A condition on the time of an upload"));
  }
  const std::string upload_id(in.upload_id());
  const Result<void> aborted = co_await s3.objects.abort_upload(id, upload_id);
  if (!aborted) co_return fail(translate_upload(s3, id, upload_id, aborted.error()));
  co_return call.make<AbortMultipartUploadOutput>();
}

}  // namespace millrace::s3
