// Storage: what jobs and endpoints read from S3 and write to it, by URI, without HTTP.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engines/objects/objects.h"
#include "runtime/disk.h"
#include "runtime/pool.h"
#include "services/sagemaker/role_access.h"

namespace millrace::sagemaker {

struct S3Uri {
  std::string bucket;
  std::string key;  // Or prefix; may be empty.
};
// s3://bucket/key. Nothing for any other text.
std::optional<S3Uri> parse_s3_uri(std::string_view uri);

struct Storage {
  objects::Objects& objects;
  runtime::Disk& disk;
  runtime::Pool& pool;
  runtime::Clock& clock;
  RoleAccess& roles;
  Acting who;  // Whose buckets they are, and whose permissions count.
};

// Errors: not_found (bucket), denied (a bucket of another account).
Result<void> check_owner(const Storage& storage, const std::string& bucket);
// Whether an object's key begins with the URI's; the role is not asked. Errors: not_found (bucket),
// denied (a bucket of another account), internal.
Task<bool> has_objects(Storage storage, S3Uri prefix);
// The tasks below repeat what fails on this machine's account, object by object (runtime/repeat.h).

// Copies every object below the prefix into `folder`, which exists, under its key without the
// prefix's last folder, as SageMaker lays channels out. Answers how many bytes.
// Errors: not_found (bucket, or nothing below the prefix), invalid (a key that is no path), those
// of RoleAccess and of Disk.
Task<uint64_t> download(Storage storage, S3Uri prefix, runtime::Path folder);
// Whether a file below a folder can have the path. Errors: invalid.
Result<void> check_path(std::string_view path);
struct StoredObject {
  std::string path;  // The key without the prefix's last folder.
  std::string bucket;
  std::string key;
  std::string etag;
  uint64_t size_bytes = 0;
};
// All objects below the prefix, in the order of their keys; markers of folders are left out.
// Errors: not_found (bucket, or nothing below the prefix), precondition_failed (kListedMax), those
// of RoleAccess.
inline constexpr size_t kListedMax = 100'000;
Task<std::vector<StoredObject>> list_objects(Storage storage, S3Uri prefix);
// Copies one object into the new file `to`. Errors: not_found, those of RoleAccess and of Disk.
Task<void> download_object(Storage storage, S3Uri from, runtime::Path to);
// Stores the file as an object, under the key of KMS that is named, else as its bucket says.
// Errors: not_found (bucket), those of RoleAccess, of Disk and of the store.
Task<void> upload(Storage storage, runtime::Path from, S3Uri to, std::string kms_key);

}  // namespace millrace::sagemaker
