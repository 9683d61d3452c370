// asked_list(): for any input of the model that has the members of an access list. Included by
// lists.h.
#pragma once

#include "services/s3/policies/lists.h"

namespace millrace::s3 {

template <class Input>
Result<std::optional<AccessList>> asked_list(const Input& in, std::string_view owner,
                                             bool of_bucket) {
  AccessList by_headers;
  TRY(add_header_grants(by_headers, in.grant_full_control(), "FULL_CONTROL"));
  TRY(add_header_grants(by_headers, in.grant_read(), "READ"));
  TRY(add_header_grants(by_headers, in.grant_read_acp(), "READ_ACP"));
  TRY(add_header_grants(by_headers, in.grant_write_acp(), "WRITE_ACP"));
  if constexpr (requires { in.grant_write(); }) {
    TRY(add_header_grants(by_headers, in.grant_write(), "WRITE"));
  }
  if (in.has_acl() && !by_headers.grants.empty()) {
    return fail(invalid_request("Specifying both Canned ACLs and Header Grants is not allowed"));
  }
  if (in.has_acl()) {
    TRY(AccessList list, canned_list(in.acl(), owner, of_bucket));
    return list;
  }
  if (!by_headers.grants.empty()) return by_headers;
  if constexpr (requires { in.access_control_policy(); }) {
    if (in.access_control_policy()) {
      TRY(AccessList list, read_list(in.access_control_policy(), owner));
      return list;
    }
  }
  return std::optional<AccessList>();
}

template <class Input>
Result<void> take_list(const S3& s3, const wire::Call& call, const objects::ObjectId& id,
                       const Input& in, objects::Metadata& metadata) {
  const bool none = !in.has_acl() && !in.has_grant_full_control() && !in.has_grant_read() &&
                    !in.has_grant_read_acp() && !in.has_grant_write_acp();
  if (none) return {};
  TRY(const objects::Bucket bucket, s3.objects.bucket(id.bucket));
  const std::string owner = owner_id(bucket.owner);
  TRY(const auto list, asked_list(in, owner, false));
  if (!list) return {};
  TRY(check_list(s3, call, id, *list, "s3:PutObject"));
  if (*list == private_list(owner)) return {};
  metadata.attributes[std::string(kAclAttribute)] = list_text(*list);
  return {};
}

template <class Input>
Result<void> take_list_of_copy(const S3& s3, const wire::Call& call, const objects::Object& source,
                               const Input& in, objects::CopyRequest& request) {
  objects::Metadata metadata = request.metadata ? *request.metadata : source.metadata;
  const bool listed = metadata.attributes.erase(std::string(kAclAttribute)) > 0;
  TRY(take_list(s3, call, request.to, in, metadata));
  const bool lists = metadata.attributes.contains(std::string(kAclAttribute));
  if (listed || lists) request.metadata = std::move(metadata);
  return {};
}

}  // namespace millrace::s3
