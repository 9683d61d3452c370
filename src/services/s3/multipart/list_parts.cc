#include <algorithm>

#include "services/s3/checksums.h"
#include "services/s3/metadata.h"
#include "services/s3/multipart/upload_rows.h"
#include "services/s3/objects/listing.h"

namespace millrace::s3 {
namespace {

void write_part(const api::Part& out, const objects::Part& part) {
  out.set_part_number(static_cast<int64_t>(part.number));
  out.set_last_modified(std::chrono::floor<seconds>(part.modified));
  out.set_etag(quoted_etag(part.etag));
  out.set_size(static_cast<int64_t>(part.size_bytes));
  write_checksums(out, part.checksums, 0);
}

}  // namespace

Task<ListPartsOutput> list_parts(S3& s3, wire::Call& call, ListPartsRequest in) {
  CO_TRY(const objects::ObjectId id,
         open_key(s3, call, in.bucket(), in.key(), in.expected_bucket_owner()));
  CO_TRY(const size_t size_max, page_size(in.max_parts(kPageMax), "max-parts"));
  const int64_t marker = in.part_number_marker(0);
  if (marker < 0 || marker > INT32_MAX) {
    co_return fail(
        invalid_argument("Argument part-number-marker must be an integer between 0 and 2147483647",
                         "part-number-marker", std::to_string(marker)));
  }
  const std::string upload_id(in.upload_id());
  CO_TRY(const objects::Upload upload, open_upload(s3, id, upload_id));
  const Result<objects::PartListing> listing =
      s3.objects.parts(id, upload_id, static_cast<uint32_t>(marker), size_max);
  if (!listing) co_return fail(translate_upload(s3, id, upload_id, listing.error()));
  CO_TRY(const objects::Bucket bucket, s3.objects.bucket(id.bucket));
  auto out = call.make<ListPartsOutput>();
  out.set_bucket(id.bucket);
  out.set_key(id.key);
  out.set_upload_id(upload_id);
  out.set_part_number_marker(marker);
  out.set_max_parts(static_cast<int64_t>(size_max));
  out.set_is_truncated(listing->truncated);
  const int64_t last =
      listing->parts.empty() ? 0 : static_cast<int64_t>(listing->parts.back().number);
  out.set_next_part_number_marker(last);
  if (!listing->parts.empty()) {
    const auto parts = out.make_parts();
    for (const objects::Part& part : listing->parts) write_part(parts.append(), part);
  }
  out.make_owner().set_id(owner_id(bucket.owner));
  out.make_initiator().set_id(initiator_id(upload));
  out.set_storage_class(storage_class_name(upload.metadata.storage_class));
  if (!upload.checksum_kind.empty()) {
    out.set_checksum_algorithm(upload.checksum_kind);
    out.set_checksum_type(upload.checksum_composite ? "COMPOSITE" : "FULL_OBJECT");
  }
  co_return out;
}

}  // namespace millrace::s3
