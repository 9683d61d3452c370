#include "engines/policy/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>
#include <span>
#include <string>

#include "engines/policy/statements.h"

namespace millrace::policy {
namespace {

namespace json = boost::json;

constexpr std::string_view kSyntax = "Syntax errors in policy.";
constexpr std::string_view kNewVersion = "2012-10-17";
constexpr std::string_view kOldVersion = "2008-10-17";
constexpr std::string_view kStatementFields[] = {"Action",    "Condition",    "Effect",
                                                 "NotAction", "NotPrincipal", "NotResource",
                                                 "Principal", "Resource",     "Sid"};
constexpr std::string_view kPrincipalTypes[] = {"AWS", "CanonicalUser", "Federated", "Service"};

std::unexpected<Error> wrong(std::string_view cause) {
  return fail(ErrorKind::invalid, std::string(cause));
}

bool contains(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool all_of_class(std::string_view text, bool dash) {
  return std::ranges::all_of(text, [dash](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (dash && c == '-');
  });
}

// Calls `check` with the text, or with each text of the list. Nothing else, and no empty list.
template <class Check>
Result<void> each_text(const json::value& value, std::string_view empty, const Check& check) {
  if (value.is_string()) return check(std::string_view(value.get_string()));
  if (!value.is_array()) return wrong(kSyntax);
  if (value.get_array().empty()) return wrong(empty);
  for (const json::value& item : value.get_array()) {
    if (!item.is_string()) return wrong(kSyntax);
    TRY(check(std::string_view(item.get_string())));
  }
  return {};
}

Result<void> check_action(std::string_view action) {
  if (action == "*") return {};
  const size_t colon = action.find(':');
  if (colon == std::string_view::npos) {
    return wrong("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
  }
  const std::string_view vendor = action.substr(0, colon);
  if (vendor.empty() || !all_of_class(vendor, true)) {
    return wrong(fmt::format("Vendor {} is not valid", vendor));
  }
  const std::string_view name = action.substr(colon + 1);
  if (name.empty() || name.find_first_of(": ") != std::string_view::npos) return wrong(kSyntax);
  return {};
}

Result<void> check_trust_action(std::string_view action) {
  std::string vendor(action.substr(0, 4));
  std::ranges::transform(vendor, vendor.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  });
  if (vendor != "sts:" || action.size() == vendor.size()) {
    return wrong("AssumeRole policy may only specify STS AssumeRole actions.");
  }
  return {};
}

// arn:partition:service:region:account:resource; wildcards stand for any part but the first.
Result<void> check_resource(std::string_view resource) {
  const bool arn = resource.starts_with("arn:") && std::ranges::count(resource, ':') >= 5 &&
                   !resource.ends_with(':');
  if (arn || resource == "*" || resource.starts_with("arn:*")) return {};
  return wrong(fmt::format("Resource {} must be in ARN format or \"*\".", resource));
}

Result<void> check_principal(std::string_view type, std::string_view name) {
  const bool digits =
      name.size() == 12 && std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
  const bool good = type == "AWS" ? name == "*" || digits || name.starts_with("arn:aws:iam::") ||
                                        name.starts_with("arn:aws:sts::")
                    : type == "Service"
                        ? name.find('.') != std::string_view::npos && !name.ends_with('.')
                        : !name.empty();
  if (good) return {};
  std::string shown(type);
  if (type == "Service") shown = "SERVICE";
  return wrong(fmt::format("Invalid principal in policy: \"{}\":\"{}\"", shown, name));
}

Result<void> check_principals(const json::value& value) {
  if (value.is_string()) {
    if (value.get_string() == "*") return {};
    return wrong(fmt::format("Invalid principal in policy: \"STAR\":\"{}\"",
                             std::string_view(value.get_string())));
  }
  if (!value.is_object() || value.get_object().empty()) return wrong(kSyntax);
  for (const auto& [type, names] : value.get_object()) {
    if (!contains(kPrincipalTypes, type)) return wrong(kSyntax);
    const std::string_view of_type = type;
    TRY(each_text(names, kSyntax,
                  [of_type](std::string_view name) { return check_principal(of_type, name); }));
  }
  return {};
}

bool is_condition_value(const json::value& value) {
  return value.is_string() || value.is_bool() || value.is_number();
}

Result<void> check_condition(const json::value& value) {
  if (!value.is_object()) return wrong(kSyntax);
  for (const auto& [name, keys] : value.get_object()) {
    Operator read;
    if (!parse_operator(name, read) || !keys.is_object()) return wrong(kSyntax);
    for (const auto& [key, values] : keys.get_object()) {
      const bool good = values.is_array()
                            ? std::ranges::all_of(values.get_array(), is_condition_value)
                            : is_condition_value(values);
      if (key.empty() || !good) return wrong(kSyntax);
    }
  }
  return {};
}

Result<void> check_sid(const json::value& value, std::set<std::string>& seen) {
  if (!value.is_string()) return wrong(kSyntax);
  const std::string sid(value.get_string());
  if (!all_of_class(sid, false)) {
    return wrong(
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular "
        "expression [0-9A-Za-z]*");
  }
  if (!sid.empty() && !seen.insert(sid).second) {
    return wrong("Statement IDs (SID) in a single policy must be unique.");
  }
  return {};
}

Result<void> check_actions(const json::object& statement, DocumentKind kind) {
  const bool trust = kind == DocumentKind::trust;
  const json::value* const action = statement.if_contains("Action");
  const json::value* const others = statement.if_contains("NotAction");
  if (action != nullptr && others != nullptr) return wrong(kSyntax);
  const std::string_view missing =
      trust ? "Missing required field Action" : "Policy statement must contain actions.";
  if (action == nullptr && others == nullptr) return wrong(missing);
  const json::value& given = action != nullptr ? *action : *others;
  return each_text(given, missing, trust ? check_trust_action : check_action);
}

Result<void> check_identity_parts(const json::object& statement) {
  if (statement.contains("Principal") || statement.contains("NotPrincipal")) {
    return wrong("Policy document should not specify a principal.");
  }
  constexpr std::string_view kMissing = "Policy statement must contain resources.";
  const json::value* const resource = statement.if_contains("Resource");
  const json::value* const others = statement.if_contains("NotResource");
  if (resource != nullptr && others != nullptr) return wrong(kSyntax);
  if (resource == nullptr && others == nullptr) return wrong(kMissing);
  return each_text(resource != nullptr ? *resource : *others, kMissing, check_resource);
}

Result<void> check_trust_parts(const json::object& statement) {
  if (statement.contains("Resource") || statement.contains("NotResource")) {
    return wrong("Has prohibited field Resource");
  }
  if (statement.contains("NotPrincipal")) {
    return wrong("AssumeRole policy must not contain NotPrincipal field.");
  }
  const json::value* const principal = statement.if_contains("Principal");
  if (principal == nullptr) return wrong("Missing required field Principal");
  return check_principals(*principal);
}

Result<void> check_statement(const json::value& value, DocumentKind kind,
                             std::set<std::string>& sids) {
  if (!value.is_object()) return wrong(kSyntax);
  const json::object& statement = value.get_object();
  for (const auto& field : statement) {
    if (!contains(kStatementFields, field.key())) return wrong(kSyntax);
  }
  const json::value* const effect = statement.if_contains("Effect");
  if (effect == nullptr) {
    return wrong(kind == DocumentKind::trust ? "Missing required field Effect" : kSyntax);
  }
  if (*effect != json::value("Allow") && *effect != json::value("Deny")) return wrong(kSyntax);
  if (const json::value* const sid = statement.if_contains("Sid")) TRY(check_sid(*sid, sids));
  if (kind == DocumentKind::trust) {
    TRY(check_trust_parts(statement));
    TRY(check_actions(statement, kind));
  } else {
    TRY(check_actions(statement, kind));
    TRY(check_identity_parts(statement));
  }
  const json::value* const condition = statement.if_contains("Condition");
  return condition != nullptr ? check_condition(*condition) : Result<void>();
}

Result<void> check_version(const json::object& document, DocumentKind kind) {
  const json::value* const version = document.if_contains("Version");
  if (version != nullptr && !version->is_string()) return wrong(kSyntax);
  const std::string_view text =
      version != nullptr ? std::string_view(version->get_string()) : kOldVersion;
  if (text == kNewVersion || (kind == DocumentKind::trust && text == kOldVersion)) return {};
  if (kind == DocumentKind::trust) {
    return wrong("The policy must contain a valid version string");
  }
  return wrong("Policy document must be version 2012-10-17 or greater.");
}

}  // namespace

Result<void> check_document(std::string_view text, DocumentKind kind) {
  const std::string_view unreadable =
      kind == DocumentKind::trust ? "This policy contains invalid Json" : kSyntax;
  boost::system::error_code failed;
  json::parse_options options;
  options.max_depth = kDocumentDepthMax;
  const json::value parsed = json::parse(text, failed, {}, options);
  if (failed || !parsed.is_object()) return wrong(unreadable);
  const json::object& document = parsed.get_object();
  for (const auto& field : document) {
    if (field.key() != "Version" && field.key() != "Id" && field.key() != "Statement") {
      return wrong(kSyntax);
    }
  }
  TRY(check_version(document, kind));
  const json::value* const statements = document.if_contains("Statement");
  if (statements == nullptr) return wrong(kSyntax);
  std::set<std::string> sids;
  if (!statements->is_array()) return check_statement(*statements, kind, sids);
  if (statements->get_array().empty()) return wrong(kSyntax);
  for (const json::value& statement : statements->get_array()) {
    TRY(check_statement(statement, kind, sids));
  }
  return {};
}

size_t document_bytes(std::string_view text) {
  const auto space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  return text.size() - static_cast<size_t>(std::ranges::count_if(text, space));
}

}  // namespace millrace::policy
