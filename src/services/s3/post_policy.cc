#include "services/s3/post_policy.h"

#include <fmt/format.h>
#include <algorithm>
#include <boost/json.hpp>

#include "base/bytes.h"
#include "services/s3/errors.h"

namespace millrace::s3 {
namespace {

namespace json = boost::json;

std::unexpected<Error> invalid(std::string_view why) {
  return fail(
      problem(Problem::invalid_policy_document, {}, fmt::format("Invalid Policy: {}", why)));
}

std::unexpected<Error> denied(std::string_view why) {
  return fail(
      problem(Problem::access_denied, {}, fmt::format("Invalid according to Policy: {}", why)));
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  });
  return out;
}

// {"acl": "private"}
Result<void> read_simple(const json::object& object, PostPolicy& out) {
  if (object.size() != 1) {
    return invalid(
        "Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.");
  }
  const auto& [name, value] = *object.begin();
  if (!value.is_string()) {
    return invalid("Invalid Simple-Condition: value must be a string.");
  }
  out.conditions.push_back({false, lower(name), std::string(value.get_string())});
  return {};
}

// Policies write sizes as numbers, some as text.
std::optional<uint64_t> read_size(const json::value& value) {
  if (value.is_int64() && value.get_int64() >= 0) {
    return static_cast<uint64_t>(value.get_int64());
  }
  if (!value.is_string()) return std::nullopt;
  const std::string_view text = value.get_string();
  if (text.empty() || text.size() > 18) return std::nullopt;
  uint64_t out = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    out = out * 10 + static_cast<uint64_t>(c - '0');
  }
  return out;
}

// ["starts-with", "$key", "user/"], ["content-length-range", 1, 10]
Result<void> read_list(const json::array& list, PostPolicy& out) {
  if (list.size() != 3 || !list[0].is_string()) {
    return invalid("Invalid Condition: must have three parts.");
  }
  const std::string operation = lower(list[0].get_string());
  if (operation == "content-length-range") {
    const std::optional<uint64_t> from = read_size(list[1]);
    const std::optional<uint64_t> to = read_size(list[2]);
    if (!from || !to || *from > *to) {
      return invalid("Invalid content-length-range: the limits must be numbers in order.");
    }
    out.size_min = std::max(out.size_min, *from);
    out.size_max = std::min(out.size_max, *to);
    return {};
  }
  if (operation != "eq" && operation != "starts-with") {
    return invalid(fmt::format("Invalid Condition: unknown operation '{}'.", operation));
  }
  if (!list[1].is_string() || !list[2].is_string()) {
    return invalid("Invalid Condition: value must be a string.");
  }
  const std::string_view field = list[1].get_string();
  if (!field.starts_with('$')) {
    return invalid("Invalid Condition: the field must begin with $.");
  }
  out.conditions.push_back(
      {operation == "starts-with", lower(field.substr(1)), std::string(list[2].get_string())});
  return {};
}

bool is_exempt(std::string_view name) {
  for (const std::string_view exempt :
       {"policy", "file", "x-amz-signature", "signature", "awsaccesskeyid"}) {
    if (name == exempt) return true;
  }
  return name.starts_with("x-ignore-");
}

// AWS: of a Content-Type that lists several, each must begin so.
bool starts_with(const PolicyCondition& condition, std::string_view value) {
  if (condition.field != "content-type") return value.starts_with(condition.value);
  while (true) {
    const size_t comma = value.find(',');
    std::string_view one = value.substr(0, comma);
    while (one.starts_with(' ')) one.remove_prefix(1);
    if (!one.starts_with(condition.value)) return false;
    if (comma == std::string_view::npos) return true;
    value.remove_prefix(comma + 1);
  }
}

std::string text_of(const PolicyCondition& condition) {
  json::array out;
  out.emplace_back(condition.starts_with ? "starts-with" : "eq");
  out.emplace_back("$" + condition.field);
  out.emplace_back(condition.value);
  std::string text = "[";
  for (const json::value& part : out) {
    if (text.size() > 1) text += ", ";
    text += json::serialize(part);
  }
  return text + "]";
}

std::optional<std::string> value_of(FormFields fields, std::string_view bucket,
                                    std::string_view name) {
  for (const auto& [field, value] : fields) {
    if (lower(field) == name) return value;
  }
  if (name == "bucket") return std::string(bucket);
  return std::nullopt;
}

}  // namespace

Result<PostPolicy> parse_post_policy(std::string_view base64) {
  Bytes text;
  if (!from_base64(base64, text)) return invalid("Invalid base64.");
  boost::system::error_code error;
  const json::value document = json::parse(text, error);
  if (error || !document.is_object()) return invalid("Invalid JSON.");
  const json::object& object = document.get_object();
  const json::value* const expiration = object.if_contains("expiration");
  if (expiration == nullptr) return invalid("Policy missing expiration.");
  PostPolicy out;
  const std::optional<Time> end =
      expiration->is_string() ? parse_iso8601(expiration->get_string()) : std::nullopt;
  if (!end) {
    return invalid(fmt::format("Invalid 'expiration' value: {}", json::serialize(*expiration)));
  }
  out.expiration = *end;
  const json::value* const conditions = object.if_contains("conditions");
  if (conditions == nullptr || !conditions->is_array()) {
    return invalid("Policy missing conditions.");
  }
  if (conditions->get_array().size() > kPolicyConditionsMax) return invalid("Too many conditions.");
  for (const json::value& condition : conditions->get_array()) {
    if (condition.is_object()) {
      TRY(read_simple(condition.get_object(), out));
    } else if (condition.is_array()) {
      TRY(read_list(condition.get_array(), out));
    } else {
      return invalid("Invalid Condition: must be a list or an object.");
    }
  }
  return out;
}

Result<void> check_post_policy(const PostPolicy& policy, FormFields fields, std::string_view bucket,
                               Time now) {
  if (now >= policy.expiration) return denied("Policy expired.");
  for (const PolicyCondition& condition : policy.conditions) {
    const std::optional<std::string> value = value_of(fields, bucket, condition.field);
    const bool holds = value && (condition.starts_with ? starts_with(condition, *value)
                                                       : *value == condition.value);
    if (!holds) return denied(fmt::format("Policy Condition failed: {}", text_of(condition)));
  }
  std::string extra;
  const auto check = [&](const std::string& name) {
    const bool named = std::ranges::find(policy.conditions, name, &PolicyCondition::field) !=
                       policy.conditions.end();
    if (named || is_exempt(name)) return;
    extra += extra.empty() ? name : ", " + name;
  };
  check("bucket");
  for (const auto& [name, value] : fields) {
    if (lower(name) != "bucket") check(lower(name));
  }
  if (!extra.empty()) return denied(fmt::format("Extra input fields: {}", extra));
  return {};
}

Result<void> check_post_size(const PostPolicy& policy, uint64_t size, bool whole) {
  if (size > policy.size_max) {
    return fail(
        problem(Problem::entity_too_large, {{"ProposedSize", std::to_string(size)},
                                            {"MaxSizeAllowed", std::to_string(policy.size_max)}}));
  }
  if (whole && size < policy.size_min) {
    return fail(
        problem(Problem::entity_too_small, {{"ProposedSize", std::to_string(size)},
                                            {"MinSizeAllowed", std::to_string(policy.size_min)}}));
  }
  return {};
}

}  // namespace millrace::s3
