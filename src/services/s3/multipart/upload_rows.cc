#include "services/s3/multipart/upload_rows.h"

#include <fmt/format.h>

namespace millrace::s3 {

Error no_such_upload(std::string_view upload_id) {
  return problem(Problem::no_such_upload, {{"UploadId", std::string(upload_id)}});
}

Result<objects::Upload> open_upload(const S3& s3, const objects::ObjectId& id,
                                    std::string_view upload_id) {
  Result<objects::Upload> upload = s3.objects.upload(id, upload_id);
  if (upload || upload.error().kind != ErrorKind::not_found) return upload;
  return fail(no_such_upload(upload_id));
}

// AWS: an account that is the initiator itself is named as the owner is. See list_parts.test.
std::string initiator_id(const objects::Upload& upload) {
  constexpr std::string_view kAccountPrefix = "arn:aws:iam::";
  constexpr std::string_view kRoot = ":root";
  std::string_view account = upload.initiator;
  if (!account.starts_with(kAccountPrefix) || !account.ends_with(kRoot)) return upload.initiator;
  account.remove_prefix(kAccountPrefix.size());
  account.remove_suffix(kRoot.size());
  return owner_id(account);
}

Result<uint32_t> part_number_of(const S3& s3, int64_t number) {
  const uint32_t number_max = s3.objects.limits().parts_max;
  if (number >= 1 && number <= number_max) return static_cast<uint32_t>(number);
  return fail(invalid_argument(
      fmt::format("Part number must be an integer between 1 and {}, inclusive", number_max),
      "partNumber", std::to_string(number)));
}

Error translate_upload(const S3& s3, const objects::ObjectId& id, std::string_view upload_id,
                       Error error) {
  if (error.code.empty() && error.kind == ErrorKind::not_found) return no_such_upload(upload_id);
  return translate(s3, id, std::move(error));
}

}  // namespace millrace::s3
