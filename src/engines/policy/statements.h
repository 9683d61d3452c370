// Statements: a policy document, read for evaluation.
//
// What is stored was checked (document.h); reading is nevertheless complete, and a document that
// cannot be read is an error, never an empty policy: a Deny that is lost would allow.
// Immutable once read; any thread. Limits: kDocumentBytesMax, kDocumentDepthMax.
// Source: IAM User Guide, "IAM JSON policy elements reference".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace millrace::policy {

inline constexpr size_t kDocumentBytesMax = 64 * 1024;

enum class Comparison : uint8_t {
  string_equals,
  string_equals_ignoring_case,
  string_like,
  numeric_equals,
  numeric_less,
  numeric_less_equals,
  numeric_greater,
  numeric_greater_equals,
  date_equals,
  date_less,
  date_less_equals,
  date_greater,
  date_greater_equals,
  boolean,
  binary_equals,
  ip_address,
  arn_like,
  null,
};

// How a set of values of the request is compared with those of the policy.
enum class Quantifier : uint8_t { single, for_all_values, for_any_value };

// What an operator's name means: ForAnyValue:StringNotLikeIfExists.
struct Operator {
  Comparison comparison = Comparison::string_equals;
  Quantifier quantifier = Quantifier::single;
  bool negated = false;
  bool if_exists = false;
};
// False where there is no such operator.
bool parse_operator(std::string_view name, Operator& out);

struct Condition {
  Operator op;
  std::string key;
  std::vector<std::string> values;
};

struct PrincipalName {
  std::string type;  // AWS, Service, Federated, CanonicalUser; `*` alone is AWS.
  std::string name;
};

struct Statement {
  std::string sid;
  bool allow = false;
  bool except_actions = false;  // NotAction
  std::vector<std::string> actions;
  bool has_resources = false;
  bool except_resources = false;  // NotResource
  std::vector<std::string> resources;
  bool has_principals = false;
  bool except_principals = false;  // NotPrincipal
  std::vector<PrincipalName> principals;
  std::vector<Condition> conditions;
};

struct Document {
  bool variables = false;  // Version 2012-10-17: ${…} is a variable.
  std::string id;
  std::vector<Statement> statements;
};

// Errors: invalid, with the cause in AWS's words for resource-based policies.
Result<Document> read_document(std::string_view text);

}  // namespace millrace::policy
