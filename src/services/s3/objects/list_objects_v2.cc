#include "runtime/clock.h"
#include "services/s3/objects/listing.h"
#include "services/s3/restore/archive.h"

namespace millrace::s3 {

// The continuation token is the last key, so it stays good whatever happens in between.
Task<ListObjectsV2Output> list_objects_v2(S3& s3, wire::Call& call, ListObjectsV2Request in) {
  CO_TRY(const objects::Bucket bucket,
         open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  CO_TRY(const KeyEncoding encode, KeyEncoding::parse(in.encoding_type()));
  objects::ListRequest request;
  request.bucket = in.bucket();
  request.prefix = in.prefix();
  request.delimiter = in.delimiter();
  request.after = in.start_after();
  if (in.has_continuation_token()) {
    const bool good = from_base64(in.continuation_token(), request.after) && !request.after.empty();
    if (!good) {
      co_return fail(invalid_argument("The continuation token provided is incorrect",
                                      "continuation-token", in.continuation_token()));
    }
  }
  CO_TRY(request.limit, page_size(in.max_keys(kPageMax), "max-keys"));
  const Result<objects::Listing> listing = s3.objects.list(request);
  if (!listing) co_return fail(translate(s3, {request.bucket, ""}, listing.error()));
  auto out = call.make<ListObjectsV2Output>();
  const std::string owner = in.fetch_owner() ? owner_id(bucket.owner) : "";
  write_listing(in, out, *listing, encode, owner);
  write_restore_statuses(in, out.contents(), listing->entries, s3.clock.now());
  out.set_max_keys(static_cast<int64_t>(request.limit));
  out.set_key_count(static_cast<int64_t>(listing->entries.size() + listing->groups.size()));
  if (in.has_start_after()) out.set_start_after(encode(in.start_after()));
  if (in.has_continuation_token()) out.set_continuation_token(in.continuation_token());
  if (listing->truncated) out.set_next_continuation_token(to_base64(listing->last));
  co_return out;
}

}  // namespace millrace::s3
