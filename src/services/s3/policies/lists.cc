#include "services/s3/policies/lists.h"

#include <fmt/format.h>

#include <algorithm>

#include "services/s3/policies/policy_errors.h"
#include "services/s3/policies/public_access.h"
#include "services/s3/policies/request_context.h"

namespace millrace::s3 {
namespace {

constexpr std::string_view kFull = "FULL_CONTROL";
constexpr std::string_view kListPermissions[] = {kFull, "READ", "READ_ACP", "WRITE", "WRITE_ACP"};

bool is_group(std::string_view grantee) {
  return grantee == kAllUsers || grantee == kAuthenticatedUsers || grantee == kLogDelivery;
}

bool is_canonical_user(std::string_view grantee) {
  return grantee.size() == 64 &&
         grantee.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<void> add_grant(AccessList& list, std::string_view kind, std::string_view grantee,
                       std::string_view permission) {
  if (kind == "emailAddress") return fail(unresolvable_grant());
  if (kind == "id" && !is_canonical_user(grantee)) {
    return fail(invalid_argument("Invalid id", "CanonicalUser/ID", grantee));
  }
  if (kind == "uri" && !is_group(grantee)) {
    return fail(invalid_argument("Invalid group uri", "Group/URI", grantee));
  }
  if (list.grants.size() == kGrantsMax) return fail(malformed_acl());
  list.grants.push_back({std::string(grantee), std::string(permission)});
  return {};
}

std::string_view name_of(ListPermission permission) {
  switch (permission) {
    case ListPermission::read:
      return "READ";
    case ListPermission::write:
      return "WRITE";
    case ListPermission::read_acp:
      return "READ_ACP";
    case ListPermission::write_acp:
      return "WRITE_ACP";
    case ListPermission::none:
      break;
  }
  return "";
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

AccessList private_list(std::string_view owner) { return {{{std::string(owner), "FULL_CONTROL"}}}; }

Result<AccessList> canned_list(std::string_view name, std::string_view owner, bool of_bucket) {
  AccessList list = private_list(owner);
  const auto add = [&list](std::string_view group, std::string_view permission) {
    list.grants.push_back({std::string(group), std::string(permission)});
  };
  if (name == "public-read" || name == "public-read-write") add(kAllUsers, "READ");
  if (name == "public-read-write") add(kAllUsers, "WRITE");
  if (name == "authenticated-read") add(kAuthenticatedUsers, "READ");
  if (name == "log-delivery-write" && of_bucket) {
    add(kLogDelivery, "WRITE");
    add(kLogDelivery, "READ_ACP");
  }
  const bool plain =
      name == "private" || name == "aws-exec-read" ||
      (!of_bucket && (name == "bucket-owner-read" || name == "bucket-owner-full-control"));
  if (plain || list.grants.size() > 1) return list;
  return fail(invalid_argument("", "x-amz-acl", name));
}

Result<void> add_header_grants(AccessList& list, std::string_view header,
                               std::string_view permission) {
  while (!trimmed(header).empty()) {
    const size_t end = header.find(',');
    const std::string_view item = trimmed(header.substr(0, end));
    header = end == std::string_view::npos ? std::string_view() : header.substr(end + 1);
    const size_t equals = item.find('=');
    if (equals == std::string_view::npos) {
      return fail(invalid_argument("Argument format not recognized", "x-amz-grant", item));
    }
    const std::string_view kind = trimmed(item.substr(0, equals));
    std::string_view value = trimmed(item.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    if (kind != "id" && kind != "uri" && kind != "emailAddress") {
      return fail(invalid_argument("Argument format not recognized", "x-amz-grant", item));
    }
    TRY(add_grant(list, kind, value, permission));
  }
  return {};
}

Result<AccessList> read_list(const api::AccessControlPolicy& document, std::string_view owner) {
  const api::Owner named = document.owner();
  if (named && named.has_id() && named.id() != owner) {
    return fail(access_denied("Access Denied"));
  }
  AccessList list;
  for (const api::Grant grant : document.grants()) {
    const api::Grantee grantee = grant.grantee();
    const std::string_view permission = grant.permission();
    if (!grantee || std::ranges::find(kListPermissions, permission) == std::end(kListPermissions)) {
      return fail(malformed_acl());
    }
    const std::string_view type = grantee.type();
    const std::string_view kind = type == "CanonicalUser"           ? "id"
                                  : type == "Group"                 ? "uri"
                                  : type == "AmazonCustomerByEmail" ? "emailAddress"
                                                                    : "";
    if (kind.empty()) return fail(malformed_acl());
    TRY(add_grant(list, kind, kind == "id" ? grantee.id() : grantee.uri(), permission));
  }
  return list;
}

void write_list(const AccessList& list, const wire::List<api::Grant>& out) {
  for (const ListGrantee& grant : list.grants) {
    const api::Grant item = out.append();
    item.set_permission(grant.permission);
    const api::Grantee grantee = item.make_grantee();
    if (is_group(grant.grantee)) {
      grantee.set_type("Group");
      grantee.set_uri(grant.grantee);
    } else {
      grantee.set_type("CanonicalUser");
      grantee.set_id(grant.grantee);
    }
  }
}

std::string list_text(const AccessList& list) {
  std::string out;
  for (const ListGrantee& grant : list.grants) {
    out.append(grant.permission).append(" ").append(grant.grantee).append("\n");
  }
  return out;
}

std::optional<AccessList> parse_list_text(std::string_view text) {
  AccessList list;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const size_t space = text.find(' ');
    if (end == std::string_view::npos || space > end) return std::nullopt;
    list.grants.push_back(
        {std::string(text.substr(space + 1, end - space - 1)), std::string(text.substr(0, space))});
    text.remove_prefix(end + 1);
  }
  return list;
}

bool is_public(const AccessList& list) {
  return std::ranges::any_of(list.grants, [](const ListGrantee& grant) {
    return grant.grantee == kAllUsers || grant.grantee == kAuthenticatedUsers;
  });
}

Result<AccessList> bucket_list(const S3& s3, const objects::Bucket& bucket) {
  TRY(const auto setting, s3.objects.setting(bucket.name, configuration::kAcl, ""));
  if (!setting) return private_list(owner_id(bucket.owner));
  std::optional<AccessList> list = parse_list_text(setting->document);
  if (list) return std::move(*list);
  return fail(ErrorKind::internal, fmt::format("the list of bucket {} is damaged", bucket.name));
}

AccessList object_list(const objects::Object& object, std::string_view owner) {
  const auto found = object.metadata.attributes.find(std::string(kAclAttribute));
  if (found != object.metadata.attributes.end()) {
    if (auto list = parse_list_text(found->second)) return std::move(*list);
  }
  return private_list(owner);
}

Result<policy::ListGrant> granted_by_list(const S3& s3, const objects::Bucket& bucket,
                                          const policy::Subject& subject, ListPermission permission,
                                          const objects::ObjectId& id, bool ignore_public) {
  using policy::ListGrant;
  if (permission == ListPermission::none) return ListGrant::none;
  TRY(const bool disabled, lists_are_disabled(s3, bucket.name));
  if (disabled) return ListGrant::none;
  AccessList list;
  if (id.key.empty() || permission == ListPermission::write) {
    TRY(list, bucket_list(s3, bucket));
  } else {
    const Result<objects::Object> object = s3.objects.describe(id);
    if (!object) return ListGrant::none;
    list = object_list(*object, owner_id(bucket.owner));
  }
  ListGrant best = ListGrant::none;
  for (const ListGrantee& grant : list.grants) {
    if (grant.permission != kFull && grant.permission != name_of(permission)) continue;
    const bool everybody = grant.grantee == kAllUsers;
    const bool signed_in = grant.grantee == kAuthenticatedUsers && !subject.anonymous();
    if ((everybody || signed_in) && !ignore_public) best = ListGrant::everybody;
    const bool account = !subject.canonical_user.empty() && grant.grantee == subject.canonical_user;
    if (account) best = std::max(best, ListGrant::account);
  }
  return best;
}

Result<void> check_lists_enabled(const S3& s3, std::string_view bucket) {
  TRY(const bool disabled, lists_are_disabled(s3, bucket));
  if (disabled) return fail(lists_not_supported());
  return {};
}

Result<void> check_list(const S3& s3, const wire::Call& call, const objects::ObjectId& id,
                        const AccessList& list, std::string_view action) {
  TRY(const objects::Bucket bucket, s3.objects.bucket(id.bucket));
  TRY(const bool disabled, lists_are_disabled(s3, id.bucket));
  if (disabled && list != private_list(owner_id(bucket.owner))) return fail(lists_not_supported());
  if (!is_public(list)) return {};
  TRY(const auto block, public_access_block(s3, id.bucket));
  if (!block || !block->block_acls) return {};
  return fail(access_denied(
      fmt::format("User: {} is not authorized to perform: {} on resource: \"{}\" because public "
                  "access control lists (ACLs) are blocked by the BlockPublicAcls block public "
                  "access setting",
                  call.principal.arn, action, bucket_arn(id.bucket, id.key))));
}

}  // namespace millrace::s3
