#include "services/s3/checksums.h"
#include "services/s3/encryption/encryption.h"
#include "services/s3/lifecycle/lifecycle_document.h"
#include "services/s3/locks/lock_fields.h"
#include "services/s3/metadata.h"
#include "services/s3/policies/lists.h"

namespace millrace::s3 {
namespace {

// Whether the object's checksum is one of the parts' checksums. AWS: of SHA it is that, of
// CRC64NVME it is not, and CRC32 and CRC32C leave the choice.
Result<bool> is_composite(ChecksumKind kind, std::string_view type) {
  if (type.empty()) return kind != ChecksumKind::crc64nvme;
  const bool composite = type == "COMPOSITE";
  const bool possible = composite ? kind != ChecksumKind::crc64nvme : is_crc(kind);
  if (possible) return composite;
  std::string text = "The ";
  text += type;
  text += " checksum type cannot be used with the ";
  text += auth::name_of(kind);
  text += " checksum algorithm.";
  return fail(invalid_request(text));
}

}  // namespace

Task<CreateMultipartUploadOutput> create_multipart_upload(S3& s3, wire::Call& call,
                                                          CreateMultipartUploadRequest in) {
  CO_TRY(const objects::ObjectId id,
         open_key(s3, call, in.bucket(), in.key(), in.expected_bucket_owner()));
  objects::Upload upload;
  upload.bucket = id.bucket;
  upload.object_key = id.key;
  upload.initiator = call.principal.arn;
  CO_TRY(upload.metadata, read_metadata(in));
  CO_TRY(upload.metadata.lock, read_lock(s3, call, id, in));
  CO_TRY(take_list(s3, call, id, in, upload.metadata));
  if (in.has_checksum_algorithm()) {
    CO_TRY(const ChecksumKind kind, parse_algorithm(in.checksum_algorithm()));
    upload.checksum_kind = auth::name_of(kind);
    CO_TRY(upload.checksum_composite, is_composite(kind, in.checksum_type()));
  } else if (in.has_checksum_type()) {
    co_return fail(invalid_request(
        "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm "
        "header."));
  }
  CO_TRY(std::optional<objects::Protect> protect,
         co_await read_encryption(s3, call, encryption_headers(in), id));
  const Result<objects::Upload> begun =
      co_await s3.objects.begin_upload(std::move(upload), std::move(protect));
  if (!begun) co_return fail(translate(s3, id, begun.error()));
  auto out = call.make<CreateMultipartUploadOutput>();
  out.set_bucket(id.bucket);
  out.set_key(id.key);
  out.set_upload_id(begun->id);
  write_encryption(out, begun->protection, in.sse_customer_key_md5());
  CO_TRY(const std::optional<AbortDate> end, abort_date(s3.objects, *begun));
  if (end) {
    out.set_abort_date(end->at);
    out.set_abort_rule_id(end->rule);
  }
  if (!begun->checksum_kind.empty()) {
    out.set_checksum_algorithm(begun->checksum_kind);
    out.set_checksum_type(begun->checksum_composite ? "COMPOSITE" : "FULL_OBJECT");
  }
  co_return out;
}

}  // namespace millrace::s3
