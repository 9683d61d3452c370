#include <fmt/format.h>

#include <algorithm>

#include "engines/objects/ending.h"
#include "services/s3/checksums.h"
#include "services/s3/encryption/encryption.h"
#include "services/s3/locks/lock_fields.h"
#include "services/s3/metadata.h"
#include "services/s3/multipart/upload_rows.h"
#include "services/s3/transfer.h"
#include "wire/auth/payload.h"

namespace millrace::s3 {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

// AWS: an upload that was begun with a checksum takes only parts that come with one of that kind;
// one that was begun without gets S3's own.
Result<void> check_kind(const objects::Upload& upload, bool given,
                        std::vector<objects::Checksum>& checksums) {
  if (upload.checksum_kind.empty()) {
    std::erase_if(checksums,
                  [](const auto& one) { return one.kind != auth::name_of(kOwnChecksum); });
    return {};
  }
  const std::string actual = given ? lower(checksums.front().kind) : "null";
  if (actual == lower(upload.checksum_kind)) return {};
  return fail(invalid_request(
      fmt::format("Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum "
                  "Type: {}",
                  lower(upload.checksum_kind), actual)));
}

}  // namespace

Task<UploadPartOutput> upload_part(S3& s3, wire::Call& call, UploadPartRequest in) {
  CO_TRY(const objects::ObjectId id,
         open_key(s3, call, in.bucket(), in.key(), in.expected_bucket_owner()));
  CO_TRY(const uint32_t number, part_number_of(s3, in.part_number()));
  const std::string upload_id(in.upload_id());
  CO_TRY(const objects::Upload upload, open_upload(s3, id, upload_id));
  CO_TRY(Secret key, admit_part(s3, call, upload, customer_headers(in)));
  CO_TRY(const objects::Bucket bucket, s3.objects.bucket(id.bucket));
  CO_TRY(check_lock_digest(bucket, call, upload.metadata.lock, "Put Part"));
  CO_TRY(check_announced(s3, call));
  const bool from_inside = call.body == nullptr;
  Result<objects::Writer> writer =
      co_await s3.objects.write_part(id, upload_id, number, from_inside, std::move(key));
  if (!writer) {
    co_return fail(translate_upload(s3, id, upload_id, std::move(writer).error()));
  }
  CO_TRY(objects::Digests digests, co_await receive(call, *writer, in.body()));
  if (from_inside && !upload.checksum_kind.empty()) {
    CO_TRY(const ChecksumKind kind, parse_algorithm(upload.checksum_kind));
    digests.checksums = {{upload.checksum_kind, auth::checksum_of(kind, in.body())}};
  }
  const bool given = from_inside || call.payload->checksums_given();
  if (Result<void> fits = check_kind(upload, given, digests.checksums); !fits) {
    static_cast<void>(co_await objects::abandon(*writer));
    co_return fail(std::move(fits).error());
  }
  const Result<objects::Part> part = co_await writer->commit_part(std::move(digests));
  if (!part) co_return fail(translate_upload(s3, id, upload_id, part.error()));
  auto out = call.make<UploadPartOutput>();
  out.set_etag(quoted_etag(part->etag));
  write_encryption(out, upload.protection, in.sse_customer_key_md5());
  write_checksums(out, part->checksums, 0);
  co_return out;
}

}  // namespace millrace::s3
