#include <fmt/format.h>

#include "runtime/clock.h"
#include "services/s3/checksums.h"
#include "services/s3/conditions.h"
#include "services/s3/copy_source.h"
#include "services/s3/encryption/encryption.h"
#include "services/s3/metadata.h"
#include "services/s3/multipart/upload_rows.h"
#include "services/s3/restore/archive.h"
#include "services/s3/transfer.h"
#include "services/s3/versions.h"

namespace millrace::s3 {
namespace {

// Errors: InvalidArgument, InvalidRequest.
Result<ByteRange> range_of(const UploadPartCopyRequest& in, uint64_t size, uint64_t size_max) {
  ByteRange range{0, size};
  if (in.has_copy_source_range()) {
    const std::optional<ByteRange> parsed = parse_copy_range(in.copy_source_range());
    if (!parsed) {
      return fail(invalid_argument(
          "The x-amz-copy-source-range value must be of the form bytes=first-last where first and "
          "last are the zero-based offsets of the first and last bytes to copy",
          "x-amz-copy-source-range", in.copy_source_range()));
    }
    if (parsed->offset >= size || parsed->length > size - parsed->offset) {
      return fail(invalid_argument(
          fmt::format("Range specified is not valid for source object of size: {}", size),
          "x-amz-copy-source-range", in.copy_source_range()));
    }
    range = *parsed;
  }
  if (range.length <= size_max) return range;
  return fail(invalid_request(
      fmt::format("The specified copy source is larger than the maximum allowable size for a copy "
                  "source: {}",
                  size_max)));
}

}  // namespace

// The part shares the source's bytes; they are read only for their digests.
Task<UploadPartCopyOutput> upload_part_copy(S3& s3, wire::Call& call, UploadPartCopyRequest in) {
  CO_TRY(const objects::ObjectId to,
         open_key(s3, call, in.bucket(), in.key(), in.expected_bucket_owner()));
  CO_TRY(const objects::ObjectId from,
         open_copy_source(s3, call, in.copy_source(), in.expected_source_bucket_owner()));
  objects::SharePartRequest request;
  request.to = to;
  request.upload = in.upload_id();
  CO_TRY(request.number, part_number_of(s3, in.part_number()));
  CO_TRY(const objects::Upload upload, open_upload(s3, to, request.upload));
  CO_TRY(request.caller_key, admit_part(s3, call, upload, customer_headers(in)));
  Result<objects::Reader> reader = co_await s3.objects.read(from);
  if (!reader) co_return fail(source_error(s3, from, std::move(reader).error()));
  CO_TRY(const Secret key, admit_reader(s3, call, reader->object(), source_customer_headers(in)));
  CO_TRY(check_source(in, reader->object().entry));
  CO_TRY(check_readable(reader->object().entry, s3.clock.now()));
  CO_TRY(reader->unlock(key));
  CO_TRY(const ByteRange range, range_of(in, reader->size(), s3.objects.limits().part_bytes_max));
  request.offset = range.offset;
  request.length = range.length;
  const ChecksumKind kind = auth::parse_checksum_name(upload.checksum_kind).value_or(kOwnChecksum);
  CO_TRY(objects::Digests digests, co_await digest(s3, *reader, range, kind));
  const std::string upload_id = request.upload;
  const Result<objects::Part> part =
      co_await s3.objects.share_part(*reader, std::move(request), std::move(digests));
  if (!part) co_return fail(translate_upload(s3, to, upload_id, part.error()));
  auto out = call.make<UploadPartCopyOutput>();
  const std::string version = shown_version(s3, reader->object().entry);
  if (!version.empty()) out.set_copy_source_version_id(version);
  write_encryption(out, upload.protection, in.sse_customer_key_md5());
  const auto result = out.make_copy_part_result();
  result.set_etag(quoted_etag(part->etag));
  result.set_last_modified(std::chrono::floor<seconds>(part->modified));
  write_checksums(result, part->checksums, 0);
  co_return out;
}

}  // namespace millrace::s3
