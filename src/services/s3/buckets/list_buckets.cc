#include <algorithm>

#include "services/s3/s3.h"

namespace millrace::s3 {
namespace {

constexpr int64_t kBucketsMax = 10'000;

}  // namespace

Task<ListBucketsOutput> list_buckets(S3& s3, wire::Call& call, ListBucketsRequest in) {
  CO_TRY(const std::vector<objects::Bucket> buckets, s3.objects.buckets_of(call.principal.account));
  const int64_t size_max = in.max_buckets(kBucketsMax);
  if (size_max < 1 || size_max > kBucketsMax) {
    co_return fail(invalid_argument("Argument max-buckets must be an integer between 1 and 10000",
                                    "max-buckets", std::to_string(size_max)));
  }
  Bytes after;
  if (in.has_continuation_token() && !from_base64(in.continuation_token(), after)) {
    co_return fail(invalid_argument("The continuation token provided is incorrect",
                                    "continuation-token", in.continuation_token()));
  }
  // AWS: a bucket's region is shown to those who ask for pages or a region.
  const bool with_region = in.has_max_buckets() || in.has_bucket_region() || in.has_prefix();
  auto out = call.make<ListBucketsOutput>();
  out.make_owner().set_id(owner_id(call.principal.account));
  const auto list = out.make_buckets();
  if (in.has_prefix()) out.set_prefix(in.prefix());
  std::string last;
  for (const objects::Bucket& bucket : buckets) {
    if (bucket.name <= after || !bucket.name.starts_with(in.prefix())) continue;
    if (in.has_bucket_region() && bucket.region != in.bucket_region()) continue;
    if (static_cast<int64_t>(list.size()) == size_max) {
      out.set_continuation_token(to_base64(last));
      break;
    }
    const api::Bucket item = list.append();
    item.set_name(bucket.name);
    item.set_creation_date(std::chrono::floor<seconds>(bucket.created));
    if (with_region) item.set_bucket_region(bucket.region);
    last = bucket.name;
  }
  co_return out;
}

}  // namespace millrace::s3
