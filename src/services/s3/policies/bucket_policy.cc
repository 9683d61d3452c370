#include "services/s3/policies/bucket_policy.h"

#include <algorithm>

#include "engines/policy/pattern.h"
#include "engines/policy/principals.h"
#include "services/s3/policies/policy_errors.h"
#include "services/s3/policies/policy_words.h"

namespace millrace::s3 {
namespace {

std::unexpected<Error> malformed(std::string_view cause) { return fail(malformed_policy(cause)); }

constexpr size_t kCanonicalIdBytes = 64;

// Whether the name is of the form that its type asks for.
bool is_principal(const policy::PrincipalName& principal) {
  const std::string_view name = principal.name;
  if (principal.type == "AWS") return !name.empty();
  if (principal.type == "Service") {
    return name.ends_with(".amazonaws.com") || name.ends_with(".amazonaws.com.cn");
  }
  if (principal.type == "CanonicalUser") {
    return name.size() == kCanonicalIdBytes &&
           name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  }
  return principal.type == "Federated" && !name.empty();
}

bool is_action(std::string_view action) {
  if (action == "*") return true;
  return std::ranges::any_of(policy_actions(), [action](const PolicyAction& known) {
    return policy::matches_folded(action, known.name);
  });
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

// What a statement's resources are, as far as their texts tell.
struct Resources {
  bool bucket = false;
  bool object = false;
};

Resources resources_of(const policy::Statement& statement) {
  Resources out;
  for (const std::string& resource : statement.resources) {
    const bool object = resource.find('/') != std::string::npos;
    out.object |= object || resource.ends_with('*');
    out.bucket |= !object;
  }
  return out;
}

bool fits(const PolicyAction& action, Resources resources) {
  if (action.target == Target::object) return resources.object;
  return action.target == Target::bucket && resources.bucket;
}

// Whether each of the actions, or one of those that a pattern stands for, is `wanted`.
template <class Wanted>
bool each_is(const policy::Statement& statement, Wanted wanted) {
  return std::ranges::all_of(statement.actions, [&wanted](const std::string& action) {
    return std::ranges::any_of(policy_actions(), [&](const PolicyAction& known) {
      return policy::matches_folded(action, known.name) && wanted(known);
    });
  });
}

Result<void> check_conditions(const policy::Statement& statement, Resources resources) {
  for (const policy::Condition& condition : statement.conditions) {
    const KeyScope scope = scope_of_key(condition.key);
    if (scope == KeyScope::unknown) return malformed("Policy has an invalid condition key");
    if (scope == KeyScope::any || statement.except_actions) continue;
    const bool right = each_is(statement, [&](const PolicyAction& action) {
      if (!fits(action, resources)) return false;
      return scope == KeyScope::listings ? is_listing(action.name)
                                         : action.target == Target::object;
    });
    if (!right) {
      return malformed(
          "Conditions do not apply to combination of actions and resources in statement");
    }
  }
  return {};
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
  const auto own = [bucket](const std::string& r) { return is_of_bucket(r, bucket); };
  if (!std::ranges::all_of(statement.resources, own)) {
    return malformed("Policy has invalid resource");
  }
  Resources resources = resources_of(statement);
  if (statement.except_resources) resources = {true, true};
  const auto applies = [resources](const PolicyAction& action) { return fits(action, resources); };
  if (!statement.except_actions && !each_is(statement, applies)) {
    return malformed("Action does not apply to any resource(s) in statement");
  }
  return check_conditions(statement, resources);
}

// AWS: a statement's id, where it has one, is its own; see put_bucket_policy_documents.test.
Result<void> check_ids(const policy::Document& document) {
  std::vector<std::string_view> ids;
  for (const policy::Statement& statement : document.statements) {
    if (!statement.sid.empty()) ids.push_back(statement.sid);
  }
  std::ranges::sort(ids);
  if (std::ranges::adjacent_find(ids) == ids.end()) return {};
  return malformed("Statement IDs (SID) in a single policy must be unique.");
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
  TRY(check_ids(*document));
  return document;
}

// DIVERGES: an account is there where it has a root key here. AWS's services are taken by the form
// of their names.
Result<void> check_principals(const S3& s3, const policy::Document& document) {
  store::Txn txn = s3.db.begin();
  TRY(const std::vector<std::string> accounts, policy::accounts(txn));
  for (const policy::Statement& statement : document.statements) {
    for (const policy::PrincipalName& principal : statement.principals) {
      bool known = true;
      if (principal.type == "AWS" && principal.name != "*") {
        TRY(known, policy::is_known_principal(txn, principal.name));
      } else if (principal.type == "CanonicalUser") {
        known = std::ranges::find(accounts, principal.name, owner_id) != accounts.end();
      }
      if (!known) return malformed("Invalid principal in policy");
    }
  }
  return {};
}

Result<policy::DocumentPtr> find_bucket_policy(const S3& s3, std::string_view bucket) {
  TRY(const std::optional<objects::Setting> setting,
      s3.objects.setting(bucket, configuration::kPolicy, ""));
  if (!setting) return policy::DocumentPtr();
  return s3.permissions.parsed(setting->document);
}

}  // namespace millrace::s3
