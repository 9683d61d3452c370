#include "services/s3/policies/bucket_policy.h"

#include <algorithm>

#include "engines/policy/pattern.h"
#include "services/s3/policies/actions.h"
#include "services/s3/policies/policy_errors.h"

namespace millrace::s3 {
namespace {

std::unexpected<Error> malformed(std::string_view cause) { return fail(malformed_policy(cause)); }

bool is_account(std::string_view text) {
  return text.size() == 12 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_principal(const policy::PrincipalName& principal) {
  const std::string_view name = principal.name;
  if (principal.type == "AWS") {
    return name == "*" || is_account(name) || name.starts_with("arn:aws:iam::") ||
           name.starts_with("arn:aws:sts::") || name.starts_with("AIDA") ||
           name.starts_with("AROA");
  }
  if (principal.type == "Service") return name.find('.') != std::string_view::npos;
  return (principal.type == "CanonicalUser" || principal.type == "Federated") && !name.empty();
}

bool is_action(std::string_view action) {
  return action == "*" || (policy::folded(action).starts_with("s3:") && action.size() > 3);
}

// The bucket itself or what is in it; wildcards may stand for either.
bool is_of_bucket(std::string_view resource, std::string_view bucket) {
  constexpr std::string_view kPrefix = "arn:aws:s3:::";
  if (!resource.starts_with(kPrefix)) return false;
  resource.remove_prefix(kPrefix.size());
  const std::string_view name = resource.substr(0, resource.find('/'));
  const auto pattern = policy::make_pattern(name, {}, {.variables = false});
  return pattern && policy::matches(*pattern, bucket);
}

// Whether an action is of buckets or of objects, as far as the table knows it.
bool applies(const policy::Statement& statement) {
  bool of_bucket = false;
  bool of_object = false;
  for (const std::string& resource : statement.resources) {
    const bool object = resource.find('/') != std::string::npos;
    const bool any = resource.ends_with('*');
    of_object |= object || any;
    of_bucket |= !object;
  }
  return std::ranges::all_of(statement.actions, [&](const std::string& action) {
    bool known = false;
    bool fits = false;
    for (const Permission& permission : permissions()) {
      for (const std::string_view name :
           {permission.action, permission.versioned, permission.also}) {
        if (name.empty() || !policy::matches_folded(action, name)) continue;
        known = true;
        fits |= permission.target == Target::object ? of_object : of_bucket;
      }
    }
    return fits || !known;
  });
}

Result<void> check_statement(const policy::Statement& statement, std::string_view bucket) {
  if (!statement.has_principals || statement.principals.empty()) {
    return malformed("Missing required field Principal");
  }
  if (!std::ranges::all_of(statement.principals, is_principal)) {
    return malformed("Invalid principal in policy");
  }
  if (statement.except_principals && statement.allow) {
    return malformed("Allow with NotPrincipal is not allowed");
  }
  if (statement.actions.empty()) return malformed("Missing required field Action");
  if (!std::ranges::all_of(statement.actions, is_action)) {
    return malformed("Policy has invalid action");
  }
  if (!statement.has_resources || statement.resources.empty()) {
    return malformed("Missing required field Resource");
  }
  const auto fits = [bucket](const std::string& r) { return is_of_bucket(r, bucket); };
  if (!std::ranges::all_of(statement.resources, fits)) {
    return malformed("Policy has invalid resource");
  }
  if (!statement.except_actions && !statement.except_resources && !applies(statement)) {
    return malformed("Action does not apply to any resource(s) in statement");
  }
  for (const policy::Condition& condition : statement.conditions) {
    const std::string key = policy::folded(condition.key);
    if (!key.starts_with("aws:") && !key.starts_with("s3:")) {
      return malformed("Policy has an invalid condition key");
    }
  }
  return {};
}

}  // namespace

Result<policy::Document> check_bucket_policy(std::string_view text, std::string_view bucket) {
  if (!text.starts_with('{')) {
    return malformed("Policies must be valid JSON and the first byte must be '{'");
  }
  if (text.size() > kPolicyBytesMax) {
    return malformed("Policy exceeds the maximum allowed document size.");
  }
  Result<policy::Document> document = policy::read_document(text);
  if (!document) return malformed(document.error().message);
  for (const policy::Statement& statement : document->statements) {
    TRY(check_statement(statement, bucket));
  }
  return document;
}

Result<policy::DocumentPtr> find_bucket_policy(const S3& s3, std::string_view bucket) {
  TRY(const std::optional<objects::Setting> setting,
      s3.objects.setting(bucket, configuration::kPolicy, ""));
  if (!setting) return policy::DocumentPtr();
  return s3.permissions.parsed(setting->document);
}

}  // namespace millrace::s3
