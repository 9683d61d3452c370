#include "services/s3/configurations.h"

namespace millrace::s3 {

// DIVERGES: Nobody is billed: who pays is kept and answered, and another account must agree to it.
Task<void> put_bucket_request_payment(S3& s3, wire::Call& call, PutBucketRequestPaymentRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const ConfigurationId id{in.bucket(), configuration::kRequestPayment};
  co_return co_await put_configuration(s3, id, in.request_payment_configuration());
}

}  // namespace millrace::s3
