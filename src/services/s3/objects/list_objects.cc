#include "base/uri.h"
#include "runtime/clock.h"
#include "services/s3/objects/listing.h"
#include "services/s3/restore/archive.h"

namespace millrace::s3 {

namespace {

// AWS: there are two kinds of listings; list_objects_v2.cc has the other one. See
// tests/conformance/hostile_test.py.
Result<void> check_list_type(const wire::Call& call) {
  if (call.http == nullptr) return {};
  const auto query = parse_query(call.http->query, true);
  if (!query) return {};
  for (const auto& [name, value] : *query) {
    if (name != "list-type" || value == "1") continue;
    return fail(invalid_argument("Invalid List Type specified in Request", name, value));
  }
  return {};
}

}  // namespace

// AWS: NextMarker is answered only where there is a delimiter; else the last key is the marker.
Task<ListObjectsOutput> list_objects(S3& s3, wire::Call& call, ListObjectsRequest in) {
  CO_TRY(const objects::Bucket bucket,
         open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  CO_TRY(check_list_type(call));
  CO_TRY(const KeyEncoding encode, KeyEncoding::parse(in.encoding_type()));
  objects::ListRequest request;
  request.bucket = in.bucket();
  request.prefix = in.prefix();
  request.delimiter = in.delimiter();
  request.after = in.marker();
  CO_TRY(request.limit, page_size(in.max_keys(kPageMax), "max-keys"));
  const Result<objects::Listing> listing = s3.objects.list(request);
  if (!listing) co_return fail(translate(s3, {request.bucket, ""}, listing.error()));
  auto out = call.make<ListObjectsOutput>();
  write_listing(in, out, *listing, encode, owner_id(bucket.owner));
  write_restore_statuses(in, out.contents(), listing->entries, s3.clock.now());
  out.set_marker(encode(in.marker()));
  out.set_max_keys(static_cast<int64_t>(request.limit));
  if (listing->truncated && !request.delimiter.empty()) out.set_next_marker(encode(listing->last));
  co_return out;
}

}  // namespace millrace::s3
