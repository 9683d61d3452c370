#include "engines/policy/statements.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "engines/policy/document.h"

namespace millrace::policy {
namespace {

namespace json = boost::json;

struct NamedComparison {
  std::string_view name;
  Comparison comparison;
  bool negated;
};

constexpr NamedComparison kComparisons[] = {
    {"ArnEquals", Comparison::arn_like, false},
    {"ArnLike", Comparison::arn_like, false},
    {"ArnNotEquals", Comparison::arn_like, true},
    {"ArnNotLike", Comparison::arn_like, true},
    {"BinaryEquals", Comparison::binary_equals, false},
    {"Bool", Comparison::boolean, false},
    {"DateEquals", Comparison::date_equals, false},
    {"DateGreaterThan", Comparison::date_greater, false},
    {"DateGreaterThanEquals", Comparison::date_greater_equals, false},
    {"DateLessThan", Comparison::date_less, false},
    {"DateLessThanEquals", Comparison::date_less_equals, false},
    {"DateNotEquals", Comparison::date_equals, true},
    {"IpAddress", Comparison::ip_address, false},
    {"NotIpAddress", Comparison::ip_address, true},
    {"Null", Comparison::null, false},
    {"NumericEquals", Comparison::numeric_equals, false},
    {"NumericGreaterThan", Comparison::numeric_greater, false},
    {"NumericGreaterThanEquals", Comparison::numeric_greater_equals, false},
    {"NumericLessThan", Comparison::numeric_less, false},
    {"NumericLessThanEquals", Comparison::numeric_less_equals, false},
    {"NumericNotEquals", Comparison::numeric_equals, true},
    {"StringEquals", Comparison::string_equals, false},
    {"StringEqualsIgnoreCase", Comparison::string_equals_ignoring_case, false},
    {"StringLike", Comparison::string_like, false},
    {"StringNotEquals", Comparison::string_equals, true},
    {"StringNotEqualsIgnoreCase", Comparison::string_equals_ignoring_case, true},
    {"StringNotLike", Comparison::string_like, true},
};

std::unexpected<Error> wrong(std::string cause) {
  return fail(ErrorKind::invalid, std::move(cause));
}

constexpr std::string_view kSyntax = "Invalid policy syntax.";

std::string text_of(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_bool()) return value.get_bool() ? "true" : "false";
  return json::serialize(value);
}

bool is_scalar(const json::value& value) {
  return value.is_string() || value.is_bool() || value.is_number();
}

// The text, or each of the list.
Result<std::vector<std::string>> read_texts(const json::value& value) {
  if (value.is_string()) return std::vector<std::string>{text_of(value)};
  if (!value.is_array()) return wrong(std::string(kSyntax));
  std::vector<std::string> out;
  for (const json::value& item : value.get_array()) {
    if (!item.is_string()) return wrong(std::string(kSyntax));
    out.push_back(text_of(item));
  }
  return out;
}

Result<void> read_principals(const json::value& value, Statement& out) {
  out.has_principals = true;
  if (value.is_string() && value.get_string() == "*") {
    out.principals.push_back({"AWS", "*"});
    return {};
  }
  if (!value.is_object()) return wrong("Invalid principal in policy");
  for (const auto& [type, names] : value.get_object()) {
    TRY(std::vector<std::string> texts, read_texts(names));
    for (std::string& name : texts) out.principals.push_back({std::string(type), std::move(name)});
  }
  return {};
}

Result<void> read_conditions(const json::value& value, Statement& out) {
  if (!value.is_object()) return wrong(std::string(kSyntax));
  for (const auto& [name, keys] : value.get_object()) {
    Operator op;
    if (!parse_operator(name, op)) {
      return wrong(fmt::format("Invalid Condition type : {}", std::string_view(name)));
    }
    if (!keys.is_object()) return wrong(std::string(kSyntax));
    for (const auto& [key, values] : keys.get_object()) {
      Condition condition{op, std::string(key), {}};
      if (is_scalar(values)) {
        condition.values.push_back(text_of(values));
      } else {
        if (!values.is_array()) return wrong(std::string(kSyntax));
        for (const json::value& item : values.get_array()) {
          if (!is_scalar(item)) return wrong(std::string(kSyntax));
          condition.values.push_back(text_of(item));
        }
      }
      out.conditions.push_back(std::move(condition));
    }
  }
  return {};
}

// One of the two forms of an element: Action or NotAction.
struct Element {
  const json::value* value = nullptr;
  bool except = false;
};
Result<Element> pick(const json::object& statement, std::string_view name,
                     std::string_view except) {
  const json::value* const given = statement.if_contains(name);
  const json::value* const others = statement.if_contains(except);
  if (given != nullptr && others != nullptr) return wrong(std::string(kSyntax));
  return Element{given != nullptr ? given : others, others != nullptr};
}

Result<Statement> read_statement(const json::value& value) {
  if (!value.is_object()) return wrong(std::string(kSyntax));
  const json::object& fields = value.get_object();
  constexpr std::string_view kFields[] = {"Sid",          "Effect",      "Principal",
                                          "NotPrincipal", "Action",      "NotAction",
                                          "Resource",     "NotResource", "Condition"};
  for (const auto& field : fields) {
    if (std::ranges::find(kFields, std::string_view(field.key())) == std::end(kFields)) {
      return wrong(fmt::format("Unknown field {}", std::string_view(field.key())));
    }
  }
  Statement out;
  if (const json::value* const sid = fields.if_contains("Sid")) {
    if (!sid->is_string()) return wrong(std::string(kSyntax));
    out.sid = text_of(*sid);
  }
  const json::value* const effect = fields.if_contains("Effect");
  if (effect == nullptr) return wrong("Missing required field Effect");
  out.allow = *effect == json::value("Allow");
  if (!out.allow && *effect != json::value("Deny")) {
    return wrong(fmt::format("Invalid effect: {}", text_of(*effect)));
  }
  TRY(const Element principals, pick(fields, "Principal", "NotPrincipal"));
  if (principals.value != nullptr) TRY(read_principals(*principals.value, out));
  out.except_principals = principals.except;
  TRY(const Element actions, pick(fields, "Action", "NotAction"));
  if (actions.value == nullptr) return wrong("Missing required field Action");
  TRY(out.actions, read_texts(*actions.value));
  out.except_actions = actions.except;
  TRY(const Element resources, pick(fields, "Resource", "NotResource"));
  out.has_resources = resources.value != nullptr;
  if (out.has_resources) {
    TRY(out.resources, read_texts(*resources.value));
  }
  out.except_resources = resources.except;
  const json::value* const conditions = fields.if_contains("Condition");
  if (conditions != nullptr) TRY(read_conditions(*conditions, out));
  return out;
}

}  // namespace

bool parse_operator(std::string_view name, Operator& out) {
  constexpr std::string_view kIfExists = "IfExists";
  constexpr std::string_view kAll = "ForAllValues:";
  constexpr std::string_view kAny = "ForAnyValue:";
  out = {};
  if (name.starts_with(kAll)) {
    out.quantifier = Quantifier::for_all_values;
    name.remove_prefix(kAll.size());
  } else if (name.starts_with(kAny)) {
    out.quantifier = Quantifier::for_any_value;
    name.remove_prefix(kAny.size());
  }
  if (name.ends_with(kIfExists) && !name.starts_with("Null")) {
    out.if_exists = true;
    name.remove_suffix(kIfExists.size());
  }
  const auto* const found = std::ranges::find(kComparisons, name, &NamedComparison::name);
  if (found == std::end(kComparisons)) return false;
  out.comparison = found->comparison;
  out.negated = found->negated;
  return true;
}

Result<Document> read_document(std::string_view text) {
  constexpr std::string_view kNoJson = "Policies must be valid JSON and the first byte must be '{'";
  if (text.size() > kDocumentBytesMax) return wrong(std::string(kNoJson));
  boost::system::error_code failed;
  json::parse_options options;
  options.max_depth = kDocumentDepthMax;
  const json::value parsed = json::parse(text, failed, {}, options);
  if (failed || !parsed.is_object()) return wrong(std::string(kNoJson));
  const json::object& fields = parsed.get_object();
  for (const auto& field : fields) {
    if (field.key() != "Version" && field.key() != "Id" && field.key() != "Statement") {
      return wrong(fmt::format("Unknown field {}", std::string_view(field.key())));
    }
  }
  Document out;
  if (const json::value* const version = fields.if_contains("Version")) {
    out.variables = *version == json::value("2012-10-17");
    if (!out.variables && *version != json::value("2008-10-17")) {
      return wrong("The policy must contain a valid version string");
    }
  }
  if (const json::value* const id = fields.if_contains("Id")) out.id = text_of(*id);
  const json::value* const statements = fields.if_contains("Statement");
  if (statements == nullptr) return wrong("Missing required field Statement");
  if (statements->is_object()) {
    TRY(Statement one, read_statement(*statements));
    out.statements.push_back(std::move(one));
    return out;
  }
  if (!statements->is_array()) return wrong(std::string(kSyntax));
  if (statements->get_array().empty()) {
    return wrong("Could not parse the policy: Statement is empty!");
  }
  for (const json::value& statement : statements->get_array()) {
    TRY(Statement one, read_statement(statement));
    out.statements.push_back(std::move(one));
  }
  return out;
}

}  // namespace millrace::policy
