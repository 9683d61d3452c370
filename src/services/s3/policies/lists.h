// Access control lists: who is granted what on a bucket or an object, where its bucket has lists
// enabled (public_access.h: object_ownership).
//
// A bucket's list is a setting of it, an object's is an attribute of it; where there is none the
// owner has full control, and nobody else anything. Values; reads rows without waiting.
// Limits: kGrantsMax. Source: S3 User Guide, "Access control list (ACL) overview".
// DIVERGES: an object belongs to its bucket's owner, whoever wrote it and whatever the bucket's
// ownership controls say; there is no object writer's list.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engines/policy/evaluate.h"
#include "services/s3/policies/actions.h"
#include "services/s3/s3.h"

namespace millrace::s3 {

namespace configuration {
inline constexpr std::string_view kAcl = "acl";
}  // namespace configuration

inline constexpr size_t kGrantsMax = 100;
inline constexpr std::string_view kAclAttribute = "access-control-list";
inline constexpr std::string_view kAllUsers = "http://acs.amazonaws.com/groups/global/AllUsers";
inline constexpr std::string_view kAuthenticatedUsers =
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
inline constexpr std::string_view kLogDelivery = "http://acs.amazonaws.com/groups/s3/LogDelivery";

struct ListGrantee {
  std::string grantee;     // A canonical user's id, or a group's URI.
  std::string permission;  // FULL_CONTROL, READ, WRITE, READ_ACP, WRITE_ACP
  bool operator==(const ListGrantee&) const = default;
};

struct AccessList {
  std::vector<ListGrantee> grants;
  bool operator==(const AccessList&) const = default;
};

AccessList private_list(std::string_view owner);

// One of AWS's canned lists. Errors: InvalidArgument.
Result<AccessList> canned_list(std::string_view name, std::string_view owner, bool of_bucket);

// The value of an x-amz-grant-* header: `id="…", uri="…"`. Errors: InvalidArgument,
// UnresolvableGrantByEmailAddress.
Result<void> add_header_grants(AccessList& list, std::string_view header,
                               std::string_view permission);

// A list as the document has it. Errors: MalformedACLError, InvalidArgument.
Result<AccessList> read_list(const api::AccessControlPolicy& document, std::string_view owner);
void write_list(const AccessList& list, const wire::List<api::Grant>& out);

// As text in a row: a line a grant. Nothing where it is damaged.
std::string list_text(const AccessList& list);
std::optional<AccessList> parse_list_text(std::string_view text);

// Whether it grants anything to everybody or to all who are signed in.
bool is_public(const AccessList& list);

Result<AccessList> bucket_list(const S3& s3, const objects::Bucket& bucket);
AccessList object_list(const objects::Object& object, std::string_view owner);

// What the lists give the subject: the object's, or the bucket's where the action is of it.
Result<policy::ListGrant> granted_by_list(const S3& s3, const objects::Bucket& bucket,
                                          const policy::Subject& subject, ListPermission permission,
                                          const objects::ObjectId& id, bool ignore_public);

// The list that a request asks for: canned, by headers, or by document; nothing where it asks for
// none. Errors: those of its parts, InvalidRequest (more than one way).
template <class Input>
Result<std::optional<AccessList>> asked_list(const Input& in, std::string_view owner,
                                             bool of_bucket);

// Keeps the list that a new object is given with it. Errors: those of asked_list() and
// check_list().
template <class Input>
Result<void> take_list(const S3& s3, const wire::Call& call, const objects::ObjectId& id,
                       const Input& in, objects::Metadata& metadata);
// The same for a copy, which does not get the source's list. Errors: the same.
template <class Input>
Result<void> take_list_of_copy(const S3& s3, const wire::Call& call, const objects::Object& source,
                               const Input& in, objects::CopyRequest& request);

// Refuses to change a list where the bucket has none enabled. Errors:
// AccessControlListNotSupported.
Result<void> check_lists_enabled(const S3& s3, std::string_view bucket);
// Refuses a list that a new object comes with, where the bucket has none enabled and it says more
// than what holds anyway, or that is public where that is blocked. Errors:
// AccessControlListNotSupported, AccessDenied.
Result<void> check_list(const S3& s3, const wire::Call& call, const objects::ObjectId& id,
                        const AccessList& list, std::string_view action);

}  // namespace millrace::s3

#include "services/s3/policies/asked_list.h"
