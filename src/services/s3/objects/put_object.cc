#include "services/s3/checksums.h"
#include "services/s3/conditions.h"
#include "services/s3/encryption/encryption.h"
#include "services/s3/lifecycle/lifecycle_document.h"
#include "services/s3/locks/lock_fields.h"
#include "services/s3/metadata.h"
#include "services/s3/policies/lists.h"
#include "services/s3/transfer.h"
#include "services/s3/versions.h"

namespace millrace::s3 {

// The engine tries its commit again after a conflict; the body is read once.
Task<PutObjectOutput> put_object(S3& s3, wire::Call& call, PutObjectRequest in) {
  CO_TRY(const objects::ObjectId id,
         open_key(s3, call, in.bucket(), in.key(), in.expected_bucket_owner()));
  if (in.has_write_offset_bytes()) co_return fail(not_implemented("Appending to an object"));
  CO_TRY(objects::Conditions conditions, write_conditions(in.if_match(), in.if_none_match()));
  CO_TRY(objects::Metadata metadata, read_metadata(in));
  CO_TRY(metadata.lock, read_lock(s3, call, id, in));
  CO_TRY(take_list(s3, call, id, in, metadata));
  CO_TRY(check_announced(s3, call));
  const bool from_inside = call.body == nullptr;
  const auto tags = metadata.tags;
  CO_TRY(std::optional<objects::Protect> protect,
         co_await read_encryption(s3, call, encryption_headers(in), id));
  Result<objects::Writer> writer =
      co_await s3.objects.write(id, std::move(metadata), from_inside, std::move(protect));
  if (!writer) co_return fail(translate(s3, id, std::move(writer).error()));
  const objects::Protection protection = writer->protection();
  CO_TRY(objects::Digests digests, co_await receive(call, *writer, in.body()));
  const std::vector<objects::Checksum> checksums = digests.checksums;
  const Result<objects::Entry> entry =
      co_await writer->commit(std::move(digests), conditions, cause_of(call, "PutObject"));
  if (!entry) co_return fail(name_condition(translate(s3, id, entry.error()), conditions));
  auto out = call.make<PutObjectOutput>();
  out.set_etag(quoted_etag(entry->etag));
  write_checksums(out, checksums, 0);
  write_encryption(out, protection, in.sse_customer_key_md5());
  write_version(s3, out, *entry);
  CO_TRY(write_expiration(s3, out, *entry, tags));
  co_return out;
}

}  // namespace millrace::s3
