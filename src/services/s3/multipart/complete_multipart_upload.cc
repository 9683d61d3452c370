#include <fmt/format.h>

#include "base/uri.h"
#include "services/s3/checksums.h"
#include "services/s3/conditions.h"
#include "services/s3/encryption/encryption.h"
#include "services/s3/lifecycle/lifecycle_document.h"
#include "services/s3/metadata.h"
#include "services/s3/multipart/composition.h"
#include "services/s3/multipart/upload_rows.h"
#include "services/s3/versions.h"

namespace millrace::s3 {

namespace {

CompleteMultipartUploadOutput answer(const S3& s3, wire::Call& call, const objects::ObjectId& id,
                                     const objects::Entry& entry) {
  auto out = call.make<CompleteMultipartUploadOutput>();
  out.set_location(fmt::format("{}/{}/{}", call.base_url, id.bucket, uri_encode(id.key, true)));
  out.set_bucket(id.bucket);
  out.set_key(id.key);
  out.set_etag(quoted_etag(entry.etag));
  write_version(s3, out, entry);
  return out;
}

// AWS: who completes an upload again, with the same parts, gets the same answer; see
// complete_multipart_upload.test.
Task<CompleteMultipartUploadOutput> answer_again(S3& s3, wire::Call& call, objects::ObjectId id,
                                                 CompleteMultipartUploadRequest in, Error error) {
  objects::CompleteRequest request;
  request.id = id;
  request.upload = in.upload_id();
  if (in.multipart_upload()) request.digests.etag = etag_of(in.multipart_upload());
  if (request.digests.etag.empty()) co_return fail(std::move(error));
  const Result<objects::Entry> entry = co_await s3.objects.complete_upload(
      std::move(request), cause_of(call, "CompleteMultipartUpload"));
  if (!entry) co_return fail(std::move(error));
  const auto out = answer(s3, call, id, *entry);
  id.version = entry->version;
  const Result<objects::Object> object = s3.objects.describe(id);
  if (object && object->entry.sequence == entry->sequence) {
    write_checksums(out, object->checksums, entry->parts);
    write_encryption(out, object->protection);
  }
  co_return out;
}

}  // namespace

// Where a part changes between this reading and the engine's commit, the engine answers a conflict,
// and the dispatcher runs the whole operation again.
Task<CompleteMultipartUploadOutput> complete_multipart_upload(S3& s3, wire::Call& call,
                                                              CompleteMultipartUploadRequest in) {
  CO_TRY(const objects::ObjectId id,
         open_key(s3, call, in.bucket(), in.key(), in.expected_bucket_owner()));
  objects::CompleteRequest request;
  CO_TRY(request.conditions, write_conditions(in.if_match(), in.if_none_match()));
  request.id = id;
  request.upload = in.upload_id();
  const Result<objects::Upload> opened = open_upload(s3, id, request.upload);
  if (!opened) co_return co_await answer_again(s3, call, id, in, opened.error());
  const objects::Upload& upload = *opened;
  // AWS: the parts are sealed already, so that the customer's key need not come again.
  if (customer_headers(in).given()) CO_TRY(admit_part(s3, call, upload, customer_headers(in)));
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
  const auto out = answer(s3, call, id, *entry);
  write_checksums(out, checksums, parts.size());
  write_encryption(out, upload.protection);
  CO_TRY(write_expiration(s3, out, *entry, upload.metadata.tags));
  co_return out;
}

}  // namespace millrace::s3
