// Versions of objects: how requests name them, and what answers say of them.
// Source: S3 User Guide, "Retaining multiple versions of objects with S3 Versioning".
#pragma once

#include <string>
#include <string_view>

#include "services/s3/s3.h"

namespace millrace::s3 {

// Whether a version could be called that. Errors: InvalidArgument.
Result<void> check_version(std::string_view version_id);

// The version that a request with a versionId means. Errors: InvalidArgument.
template <class In>
Result<void> name_version(const In& in, objects::ObjectId& id) {
  if (!in.has_version_id()) return {};
  TRY(check_version(in.version_id()));
  id.version = in.version_id();
  return {};
}

// What the engine answered to a request for an object or a version: not_found is NoSuchBucket,
// NoSuchKey, NoSuchVersion, or, of a delete marker by its version, MethodNotAllowed. Where a marker
// stands, the answer's headers say so.
Error read_error(const S3& s3, wire::Call& call, const objects::ObjectId& id, Error error);
// The same of the source of a copy.
Error source_error(const S3& s3, const objects::ObjectId& id, Error error);

// The version as answers name it; empty in a bucket that never kept any.
std::string shown_version(const S3& s3, const objects::Entry& entry);

template <class Out>
void write_version(const S3& s3, const Out& out, const objects::Entry& entry) {
  const std::string version = shown_version(s3, entry);
  if (!version.empty()) out.set_version_id(version);
}

}  // namespace millrace::s3
