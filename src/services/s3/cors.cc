#include "services/s3/cors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "services/s3/errors.h"

namespace millrace::s3 {
namespace {

constexpr std::array<std::string_view, 5> kMethods = {"GET", "PUT", "HEAD", "POST", "DELETE"};

std::string_view trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool equal(std::string_view a, std::string_view b, bool ignore_case) {
  return ignore_case ? http::equal_ignoring_case(a, b) : a == b;
}

bool is_header_name(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

bool has_text(wire::List<std::string_view> list) {
  for (const std::string_view text : list) {
    if (text.empty()) return false;
  }
  return true;
}

// AWS: which of a rule's values is refused, and how; see put_bucket_cors.test.
Result<void> check_rule(const api::CORSRule& rule) {
  const bool whole = !rule.allowed_methods().empty() && !rule.allowed_origins().empty() &&
                     has_text(rule.allowed_origins()) && has_text(rule.allowed_headers()) &&
                     has_text(rule.expose_headers());
  if (!whole || rule.id().size() > 255) return fail(problem(Problem::malformed_xml));
  for (const std::string_view method : rule.allowed_methods()) {
    if (std::ranges::find(kMethods, method) != kMethods.end()) continue;
    return fail(invalid_request(fmt::format(
        "Found unsupported HTTP method in CORS config. Unsupported method is {}", method)));
  }
  for (const std::string_view origin : rule.allowed_origins()) {
    if (std::ranges::count(origin, '*') <= 1) continue;
    return fail(invalid_request(
        fmt::format("AllowedOrigin \"{}\" can not have more than one wildcard.", origin)));
  }
  for (const std::string_view header : rule.allowed_headers()) {
    if (std::ranges::count(header, '*') <= 1) continue;
    return fail(invalid_request(
        fmt::format("AllowedHeader \"{}\" can not have more than one wildcard.", header)));
  }
  for (const std::string_view header : rule.expose_headers()) {
    if (header.find('*') != std::string_view::npos) {
      return fail(invalid_request(
          fmt::format("ExposeHeader \"{}\" contains wildcard. We currently do not support wildcard "
                      "for ExposeHeader.",
                      header)));
    }
    if (!is_header_name(header)) {
      return fail(
          invalid_request(fmt::format("ExposeHeader \"{}\" contains invalid character.", header)));
    }
  }
  return {};
}

bool admits_headers(const api::CORSRule& rule, std::string_view names) {
  while (!names.empty()) {
    const size_t comma = names.find(',');
    const std::string_view name = trim(names.substr(0, comma));
    names.remove_prefix(comma == std::string_view::npos ? names.size() : comma + 1);
    if (name.empty()) continue;
    bool admitted = false;
    for (const std::string_view pattern : rule.allowed_headers()) {
      admitted = admitted || matches_wildcard(pattern, name, true);
    }
    if (!admitted) return false;
  }
  return true;
}

// The pattern of the rule that admits the origin; nothing where none does.
std::optional<std::string_view> origin_pattern(const api::CORSRule& rule, std::string_view origin) {
  for (const std::string_view pattern : rule.allowed_origins()) {
    if (matches_wildcard(pattern, origin, false)) return pattern;
  }
  return std::nullopt;
}

std::string join(wire::List<std::string_view> list) {
  std::string out;
  for (const std::string_view text : list) {
    if (!out.empty()) out += ", ";
    out += text;
  }
  return out;
}

// AWS: the names come back in lower case, as a browser compares them.
std::string lower_names(std::string_view names) {
  std::string out;
  while (!names.empty()) {
    const size_t comma = names.find(',');
    const std::string_view name = trim(names.substr(0, comma));
    names.remove_prefix(comma == std::string_view::npos ? names.size() : comma + 1);
    if (name.empty()) continue;
    if (!out.empty()) out += ", ";
    for (const char c : name) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  }
  return out;
}

}  // namespace

bool matches_wildcard(std::string_view pattern, std::string_view text, bool ignore_case) {
  const size_t star = pattern.find('*');
  if (star == std::string_view::npos) return equal(pattern, text, ignore_case);
  const std::string_view before = pattern.substr(0, star);
  const std::string_view after = pattern.substr(star + 1);
  if (text.size() < before.size() + after.size()) return false;
  return equal(before, text.substr(0, before.size()), ignore_case) &&
         equal(after, text.substr(text.size() - after.size()), ignore_case);
}

Result<void> check_cors(const api::CORSConfiguration& configuration) {
  if (configuration.cors_rules().empty()) return fail(problem(Problem::malformed_xml));
  if (configuration.cors_rules().size() > kCorsRulesMax) {
    return fail(
        invalid_request("The number of CORS rules should not exceed allowed limit of 100 rules."));
  }
  for (const api::CORSRule rule : configuration.cors_rules()) TRY(check_rule(rule));
  return {};
}

api::CORSRule find_cors_rule(const api::CORSConfiguration& configuration,
                             const CorsRequest& request) {
  for (const api::CORSRule rule : configuration.cors_rules()) {
    bool method = false;
    for (const std::string_view allowed : rule.allowed_methods()) {
      method = method || allowed == request.method;
    }
    if (method && origin_pattern(rule, request.origin) && admits_headers(rule, request.headers)) {
      return rule;
    }
  }
  return {};
}

void add_cors_headers(const api::CORSRule& rule, const CorsRequest& request, http::Headers& out) {
  const bool any = origin_pattern(rule, request.origin) == "*";
  out.set("Access-Control-Allow-Origin", any ? "*" : std::string(request.origin));
  out.set("Access-Control-Allow-Methods", join(rule.allowed_methods()));
  const std::string headers = lower_names(request.headers);
  if (!headers.empty()) out.set("Access-Control-Allow-Headers", headers);
  if (!rule.expose_headers().empty()) {
    out.set("Access-Control-Expose-Headers", join(rule.expose_headers()));
  }
  if (rule.has_max_age_seconds()) {
    out.set("Access-Control-Max-Age", std::to_string(rule.max_age_seconds()));
  }
  // AWS: an origin that the rule names may send credentials; any origin may not.
  if (!any) out.set("Access-Control-Allow-Credentials", "true");
}

}  // namespace millrace::s3
