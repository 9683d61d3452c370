#include "services/s3/s3.h"

namespace millrace::s3 {

// AWS: unfinished uploads do not keep a bucket.
Task<void> delete_bucket(S3& s3, wire::Call& call, DeleteBucketRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  Result<void> removed = co_await s3.objects.remove_bucket(std::string(in.bucket()));
  if (removed) co_return ok;
  const Details details{{"BucketName", std::string(in.bucket())}};
  if (removed.error().kind == ErrorKind::precondition_failed) {
    co_return fail(problem(Problem::bucket_not_empty, details));
  }
  if (removed.error().kind == ErrorKind::not_found) {
    co_return fail(problem(Problem::no_such_bucket, details));
  }
  co_return removed;
}

}  // namespace millrace::s3
