#include "services/s3/configurations.h"

namespace millrace::s3 {

Task<GetBucketRequestPaymentOutput> get_bucket_request_payment(S3& s3, wire::Call& call,
                                                               GetBucketRequestPaymentRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const ConfigurationId id{in.bucket(), configuration::kRequestPayment};
  CO_TRY(const auto found,
         find_configuration<api::RequestPaymentConfiguration>(s3, id, call.arena));
  auto out = call.make<GetBucketRequestPaymentOutput>();
  out.set_payer(found ? found.payer() : "BucketOwner");
  co_return out;
}

}  // namespace millrace::s3
