// Actions: which permission each operation needs, on what. One visible table.
//
// Pure. Source: S3 User Guide, "Required permissions for Amazon S3 API operations"; "Access control
// list (ACL) overview" for what a list's permission stands for.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace millrace::s3 {

enum class Target : uint8_t { account, bucket, object };

// What an access list must grant for the action; none: no list can.
enum class ListPermission : uint8_t { none, read, write, read_acp, write_acp };

struct Permission {
  std::string_view operation;
  std::string_view action;
  Target target = Target::bucket;
  ListPermission list = ListPermission::none;
  std::string_view versioned = {};  // The action where the request names a version.
  std::string_view also = {};       // A second action that is needed.
};

std::span<const Permission> permissions();
// Null for an operation that is not in the table: it is asked for by its own name, of its bucket.
const Permission* permission_of(std::string_view operation);

}  // namespace millrace::s3
