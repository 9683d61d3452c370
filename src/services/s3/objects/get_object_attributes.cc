#include <algorithm>
#include <array>

#include "services/s3/checksums.h"
#include "services/s3/encryption/encryption.h"
#include "services/s3/metadata.h"
#include "services/s3/versions.h"

namespace millrace::s3 {
namespace {

constexpr int64_t kPartsPageMax = 1'000;

void write_parts(const GetObjectAttributesRequest& in, const objects::Object& object,
                 const GetObjectAttributesOutput& out) {
  const int64_t size_max = std::clamp<int64_t>(in.max_parts(kPartsPageMax), 0, kPartsPageMax);
  const int64_t marker = in.part_number_marker(0);
  const auto parts = out.make_object_parts();
  parts.set_total_parts_count(static_cast<int64_t>(object.parts.size()));
  parts.set_max_parts(size_max);
  parts.set_part_number_marker(marker);
  // AWS: the parts themselves are listed only where they have checksums.
  const bool listed = !object.parts.empty() && !object.parts.front().checksums.empty();
  if (!listed) return;
  const auto list = parts.make_parts();
  bool truncated = false;
  int64_t last = marker;
  for (size_t i = 0; i < object.parts.size(); ++i) {
    const auto number = static_cast<int64_t>(i + 1);
    if (number <= marker) continue;
    if (static_cast<int64_t>(list.size()) == size_max) {
      truncated = true;
      break;
    }
    const api::ObjectPart part = list.append();
    part.set_part_number(number);
    part.set_size(static_cast<int64_t>(object.parts[i].size_bytes));
    write_checksums(part, object.parts[i].checksums, 0);
    last = number;
  }
  parts.set_is_truncated(truncated);
  parts.set_next_part_number_marker(last);
}

}  // namespace

Task<GetObjectAttributesOutput> get_object_attributes(S3& s3, wire::Call& call,
                                                      GetObjectAttributesRequest in) {
  CO_TRY(objects::ObjectId id,
         open_key(s3, call, in.bucket(), in.key(), in.expected_bucket_owner()));
  CO_TRY(name_version(in, id));
  const Result<objects::Object> object = s3.objects.describe(id);
  if (!object) co_return fail(read_error(s3, call, id, object.error()));
  CO_TRY(admit_reader(s3, call, *object, customer_headers(in)));
  auto out = call.make<GetObjectAttributesOutput>();
  write_version(s3, out, object->entry);
  out.set_last_modified(std::chrono::floor<seconds>(object->entry.modified));
  for (const std::string_view name : in.object_attributes()) {
    if (name == "ETag") out.set_etag(object->entry.etag);
    if (name == "ObjectSize") {
      out.set_object_size(static_cast<int64_t>(object->entry.size_bytes));
    }
    if (name == "StorageClass") {
      out.set_storage_class(storage_class_name(object->entry.storage_class));
    }
    if (name == "Checksum" && !object->checksums.empty()) {
      write_checksums(out.make_checksum(), object->checksums, object->entry.parts);
    }
    if (name == "ObjectParts" && !object->parts.empty()) write_parts(in, *object, out);
  }
  co_return out;
}

}  // namespace millrace::s3
