#include "services/s3/copy_source.h"

#include "base/uri.h"
#include "services/s3/policies/authorize.h"
#include "services/s3/versions.h"

namespace millrace::s3 {
namespace {

constexpr std::string_view kVersion = "?versionId=";

std::unexpected<Error> malformed(std::string_view header) {
  return fail(
      invalid_argument("Copy Source must mention the source bucket and key: "
                       "sourcebucket/sourcekey",
                       "x-amz-copy-source", header));
}

std::string_view id_action(bool versioned) {
  return versioned ? "s3:GetObjectVersion" : "s3:GetObject";
}

}  // namespace

Result<objects::ObjectId> open_copy_source(const S3& s3, const wire::Call& call,
                                           std::string_view header,
                                           std::string_view expected_owner) {
  if (header.starts_with("arn:")) return fail(not_implemented("Copying from an access point"));
  std::string_view path = header;
  std::string version_id;
  const size_t version = path.rfind(kVersion);
  if (version != std::string_view::npos) {
    version_id = path.substr(version + kVersion.size());
    TRY(check_version(version_id));
    path = path.substr(0, version);
  }
  // AWS: here, too, a plus sign is a space. See copy_object.test.
  const std::optional<std::string> decoded = form_decode(path);
  if (!decoded) return malformed(header);
  path = *decoded;
  if (path.starts_with('/')) path.remove_prefix(1);
  const size_t slash = path.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == path.size()) {
    return malformed(header);
  }
  objects::ObjectId id{std::string(path.substr(0, slash)), std::string(path.substr(slash + 1)),
                       std::move(version_id)};
  TRY(check_key(s3, id.key));
  TRY(find_bucket(s3, call, id.bucket, expected_owner));
  TRY(authorize_action(s3, call, id_action(version != std::string_view::npos), id));
  return id;
}

}  // namespace millrace::s3
