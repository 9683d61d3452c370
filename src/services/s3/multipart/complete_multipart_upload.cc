#include <fmt/format.h>

#include "base/uri.h"
#include "services/s3/checksums.h"
#include "services/s3/conditions.h"
#include "services/s3/metadata.h"
#include "services/s3/multipart/composition.h"
#include "services/s3/multipart/upload_rows.h"

namespace millrace::s3 {

// Where a part changes between this reading and the engine's commit, the engine answers a conflict,
// and the dispatcher runs the whole operation again.
Task<CompleteMultipartUploadOutput> complete_multipart_upload(S3& s3, wire::Call& call,
                                                              CompleteMultipartUploadRequest in) {
  CO_TRY(const objects::ObjectId id,
         open_key(s3, call, in.bucket(), in.key(), in.expected_bucket_owner()));
  CO_TRY(refuse_unsupported(in));
  objects::CompleteRequest request;
  CO_TRY(request.conditions, write_conditions(in.if_match(), in.if_none_match()));
  request.id = id;
  request.upload = in.upload_id();
  CO_TRY(const objects::Upload upload, open_upload(s3, id, request.upload));
  Result<objects::PartListing> listing =
      s3.objects.parts(id, request.upload, 0, s3.objects.limits().parts_max);
  if (!listing) {
    co_return fail(translate_upload(s3, id, request.upload, std::move(listing).error()));
  }
  CO_TRY(const std::vector<objects::Part> parts,
         choose_parts(upload, std::move(listing->parts), in));
  for (const objects::Part& part : parts) {
    request.parts.push_back({static_cast<uint32_t>(part.number), part.etag});
  }
  request.digests = compose_digests(upload, parts);
  CO_TRY(check_whole(in, parts, request.digests));
  const std::vector<objects::Checksum> checksums = request.digests.checksums;
  const objects::Conditions conditions = request.conditions;
  const Result<objects::Entry> entry = co_await s3.objects.complete_upload(
      std::move(request), cause_of(call, "CompleteMultipartUpload"));
  if (!entry) {
    Error error = translate_upload(s3, id, upload.id, entry.error());
    co_return fail(name_condition(std::move(error), conditions));
  }
  auto out = call.make<CompleteMultipartUploadOutput>();
  out.set_location(fmt::format("{}/{}/{}", call.base_url, id.bucket, uri_encode(id.key, true)));
  out.set_bucket(id.bucket);
  out.set_key(id.key);
  out.set_etag(quoted_etag(entry->etag));
  write_checksums(out, checksums, parts.size());
  co_return out;
}

}  // namespace millrace::s3
