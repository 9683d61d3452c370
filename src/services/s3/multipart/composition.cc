#include "services/s3/multipart/composition.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "services/s3/checksums.h"
#include "services/s3/multipart/upload_rows.h"

namespace millrace::s3 {
namespace {

constexpr size_t kPartsMax = 10'000;  // Of a document; the engine's limit is on their numbers.

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

std::unexpected<Error> invalid_part(const objects::Upload& upload,
                                    const api::CompletedPart& given) {
  return fail(problem(Problem::invalid_part, {{"UploadId", upload.id},
                                              {"PartNumber", std::to_string(given.part_number())},
                                              {"ETag", bare_etag(given.etag())}}));
}

// AWS: parts of an upload with composite checksums are named with theirs.
Result<void> check_part(const objects::Upload& upload, const objects::Part& part,
                        const api::CompletedPart& given) {
  if (part.etag != bare_etag(given.etag())) return invalid_part(upload, given);
  if (upload.checksum_kind.empty() || part.checksums.empty()) return {};
  TRY(const ChecksumKind kind, parse_algorithm(upload.checksum_kind));
  const std::string_view text = given_checksum(given, kind);
  if (text.empty() && !upload.checksum_composite) return {};
  if (text.empty()) {
    return fail(invalid_request(
        fmt::format("The upload was created using a {} checksum. The complete request must include "
                    "the checksum for each part. It was missing for part {} in the request.",
                    lower(upload.checksum_kind), part.number)));
  }
  if (text != to_base64(part.checksums.front().value)) return invalid_part(upload, given);
  return {};
}

// AWS: what the client says of the object's checksum is as the upload was begun.
Result<void> check_type(const objects::Upload& upload, const CompleteMultipartUploadRequest& in) {
  const std::string_view begun = upload.checksum_composite ? "COMPOSITE" : "FULL_OBJECT";
  if (upload.checksum_kind.empty() || !in.has_checksum_type() || in.checksum_type() == begun) {
    return {};
  }
  return fail(invalid_request(
      fmt::format("The upload was created using the {} checksum mode. The complete request must "
                  "use the same checksum mode.",
                  begun)));
}

Result<void> check_size(const objects::Part& part) {
  if (part.size_bytes >= kPartBytesMin) return {};
  return fail(problem(Problem::entity_too_small, {{"ProposedSize", std::to_string(part.size_bytes)},
                                                  {"MinSizeAllowed", std::to_string(kPartBytesMin)},
                                                  {"PartNumber", std::to_string(part.number)},
                                                  {"ETag", part.etag}}));
}

objects::Checksum compose_checksum(const objects::Upload& upload, ChecksumKind kind,
                                   const std::vector<objects::Part>& parts) {
  objects::Checksum out{std::string(auth::name_of(kind)), {}, upload.checksum_composite};
  Bytes together;
  for (const objects::Part& part : parts) {
    const Bytes& value = part.checksums.front().value;
    if (upload.checksum_composite) {
      together += value;
    } else if (out.value.empty()) {
      out.value = value;
    } else {
      out.value = combine_crc(kind, out.value, value, part.size_bytes);
    }
  }
  if (upload.checksum_composite) out.value = auth::checksum_of(kind, together);
  return out;
}

}  // namespace

Result<std::vector<objects::Part>> choose_parts(const objects::Upload& upload,
                                                std::vector<objects::Part> parts,
                                                const CompleteMultipartUploadRequest& in) {
  const api::CompletedMultipartUpload given = in.multipart_upload();
  if (!given || given.parts().empty() || given.parts().size() > kPartsMax) {
    return fail(problem(Problem::malformed_xml));
  }
  TRY(check_type(upload, in));
  std::vector<objects::Part> out;
  int64_t last = 0;
  for (const api::CompletedPart chosen : given.parts()) {
    if (!chosen.has_part_number() || !chosen.has_etag()) {
      return fail(problem(Problem::malformed_xml));
    }
    const int64_t number = chosen.part_number();
    if (number <= last)
      return fail(problem(Problem::invalid_part_order, {{"UploadId", upload.id}}));
    last = number;
    const auto found =
        std::ranges::lower_bound(parts, static_cast<uint64_t>(number), {}, &objects::Part::number);
    if (found == parts.end() || found->number != static_cast<uint64_t>(number)) {
      return invalid_part(upload, chosen);
    }
    TRY(check_part(upload, *found, chosen));
    if (!out.empty()) TRY(check_size(out.back()));
    out.push_back(*found);
  }
  return out;
}

objects::Digests compose_digests(const objects::Upload& upload,
                                 const std::vector<objects::Part>& parts) {
  objects::Digests out;
  Bytes together;
  for (const objects::Part& part : parts) {
    Bytes raw;
    ASSERT(from_hex(part.etag, raw));
    together += raw;
  }
  out.etag = fmt::format("{}-{}", to_hex(md5(together)), parts.size());
  const ChecksumKind kind = auth::parse_checksum_name(upload.checksum_kind).value_or(kOwnChecksum);
  const bool complete = std::ranges::all_of(parts, [kind](const objects::Part& part) {
    return !part.checksums.empty() && part.checksums.front().kind == auth::name_of(kind);
  });
  if (complete) out.checksums.push_back(compose_checksum(upload, kind, parts));
  return out;
}

std::string etag_of(const api::CompletedMultipartUpload& given) {
  Bytes together;
  for (const api::CompletedPart part : given.parts()) {
    Bytes raw;
    if (!from_hex(bare_etag(part.etag()), raw)) return {};
    together += raw;
  }
  return fmt::format("{}-{}", to_hex(md5(together)), given.parts().size());
}

Result<void> check_whole(const CompleteMultipartUploadRequest& in,
                         const std::vector<objects::Part>& parts, const objects::Digests& digests) {
  uint64_t size = 0;
  for (const objects::Part& part : parts) size += part.size_bytes;
  if (in.has_mpu_object_size() && in.mpu_object_size() != static_cast<int64_t>(size)) {
    return fail(invalid_request(
        fmt::format("The provided 'x-amz-mp-object-size' header value {} does not match what was "
                    "computed: {}",
                    in.mpu_object_size(), size)));
  }
  for (const objects::Checksum& checksum : digests.checksums) {
    TRY(const ChecksumKind kind, parse_algorithm(checksum.kind));
    const std::string_view text = given_checksum(in, kind);
    if (text.empty() || text == checksum_text(checksum, parts.size())) continue;
    if (text == to_base64(checksum.value)) continue;
    return fail(problem(
        Problem::bad_digest, {},
        fmt::format("The {} you specified did not match the calculated checksum.", checksum.kind)));
  }
  return {};
}

}  // namespace millrace::s3
