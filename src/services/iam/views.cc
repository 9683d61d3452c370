#include "services/iam/views.h"

#include <fmt/format.h>

#include "base/uri.h"
#include "services/iam/tags.h"

namespace millrace::iam {
namespace {

void write_boundary(const api::AttachedPermissionsBoundary& out, const std::string& arn) {
  out.set_permissions_boundary_type("Policy");
  out.set_permissions_boundary_arn(arn);
}

}  // namespace

std::string arn_of(const policy::User& user) {
  return fmt::format("arn:aws:iam::{}:user{}{}", user.account, user.path, user.name);
}

std::string arn_of(const policy::Role& role) {
  return fmt::format("arn:aws:iam::{}:role{}{}", role.account, role.path, role.name);
}

std::string arn_of(const policy::ManagedPolicy& policy) {
  return policy::PolicyName{policy.account, policy.path, policy.name}.arn();
}

std::string version_name(int64_t number) { return fmt::format("v{}", number); }

std::string encoded_document(const std::string& document) { return uri_encode(document); }

void write_user(const api::User& out, const policy::User& user, Detail detail) {
  out.set_path(user.path);
  out.set_user_name(user.name);
  out.set_user_id(user.id);
  out.set_arn(arn_of(user));
  out.set_create_date(user.created);
  if (detail == Detail::listed) return;
  if (!user.permissions_boundary.empty()) {
    write_boundary(out.make_permissions_boundary(), user.permissions_boundary);
  }
  if (!user.tags.empty()) write_tags(out.make_tags(), user.tags);
}

void write_role(const api::Role& out, const policy::Role& role, Detail detail) {
  out.set_path(role.path);
  out.set_role_name(role.name);
  out.set_role_id(role.id);
  out.set_arn(arn_of(role));
  out.set_create_date(role.created);
  out.set_assume_role_policy_document(encoded_document(role.trust_policy));
  if (detail != Detail::created) {
    if (!role.description.empty()) out.set_description(role.description);
    out.set_max_session_duration(role.max_session_seconds);
  }
  if (detail == Detail::listed) return;
  if (!role.permissions_boundary.empty()) {
    write_boundary(out.make_permissions_boundary(), role.permissions_boundary);
  }
  if (!role.tags.empty()) write_tags(out.make_tags(), role.tags);
}

void write_policy(const api::Policy& out, const policy::ManagedPolicy& policy,
                  const policy::Uses& uses, Detail detail) {
  out.set_policy_name(policy.name);
  out.set_policy_id(policy.id);
  out.set_arn(arn_of(policy));
  out.set_path(policy.path);
  out.set_default_version_id(version_name(policy.default_version));
  out.set_attachment_count(uses.attachments);
  out.set_permissions_boundary_usage_count(uses.boundaries);
  out.set_is_attachable(true);
  out.set_create_date(policy.created);
  out.set_update_date(policy.updated);
  if (detail == Detail::full && !policy.description.empty()) {
    out.set_description(policy.description);
  }
  if (detail != Detail::listed && !policy.tags.empty()) write_tags(out.make_tags(), policy.tags);
}

void write_aws_policy(const api::Policy& out, const policy::PolicyName& name,
                      const policy::Uses& uses) {
  out.set_policy_name(name.name);
  out.set_arn(name.arn());
  out.set_path(name.path);
  out.set_attachment_count(uses.attachments);
  out.set_permissions_boundary_usage_count(uses.boundaries);
  out.set_is_attachable(true);
}

void write_version(const api::PolicyVersion& out, const policy::PolicyVersion& version,
                   bool is_default) {
  out.set_version_id(version_name(version.number));
  out.set_is_default_version(is_default);
  out.set_create_date(version.created);
}

}  // namespace millrace::iam
