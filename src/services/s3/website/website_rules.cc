#include "services/s3/website/website_rules.h"

#include <fmt/format.h>

#include <charconv>

#include "base/uri.h"

namespace millrace::s3 {
namespace {

std::optional<int> parse_code(std::string_view text) {
  int out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

Result<void> check_condition(const api::RoutingRule& rule) {
  if (!rule.has_condition()) return {};
  const api::Condition condition = rule.condition();
  if (!condition.has_http_error_code_returned_equals() && !condition.has_key_prefix_equals()) {
    return fail(
        invalid_request("Condition cannot be empty. To redirect all requests without a condition, "
                        "the condition element shouldn't be present."));
  }
  if (!condition.has_http_error_code_returned_equals()) return {};
  const std::optional<int> code = parse_code(condition.http_error_code_returned_equals());
  if (code && *code >= 400 && *code < 600) return {};
  return fail(invalid_request(
      fmt::format("The provided HTTP error code ({}) is not valid. Valid codes are 4XX or 5XX.",
                  condition.http_error_code_returned_equals())));
}

Result<void> check_redirect(const api::Redirect& redirect) {
  const bool any = redirect.has_host_name() || redirect.has_http_redirect_code() ||
                   redirect.has_protocol() || redirect.has_replace_key_prefix_with() ||
                   redirect.has_replace_key_with();
  if (!any) return fail(problem(Problem::malformed_xml));
  if (redirect.has_replace_key_prefix_with() && redirect.has_replace_key_with()) {
    return fail(
        invalid_request("You can only define ReplaceKeyPrefix or ReplaceKey but not both."));
  }
  if (!redirect.has_http_redirect_code()) return {};
  const std::optional<int> code = parse_code(redirect.http_redirect_code());
  if (code && *code > 300 && *code < 400) return {};
  return fail(invalid_request(fmt::format(
      "The provided HTTP redirect code ({}) is not valid. Valid codes are 3XX except 300.",
      redirect.http_redirect_code())));
}

std::string make_location(std::string_view protocol, std::string_view host, std::string_view key,
                          const WebsiteRequest& request) {
  return fmt::format("{}://{}/{}", protocol.empty() ? request.scheme : protocol,
                     host.empty() ? request.host : host, uri_encode(key, true));
}

bool applies(const api::RoutingRule& rule, const WebsiteRequest& request) {
  const api::Condition condition = rule.condition();
  const bool on_error = condition.has_http_error_code_returned_equals();
  if (on_error != (request.error_status != 0)) return false;
  if (on_error &&
      condition.http_error_code_returned_equals() != std::to_string(request.error_status)) {
    return false;
  }
  return request.key.starts_with(condition.key_prefix_equals());
}

}  // namespace

Result<void> check_website(const api::WebsiteConfiguration& website) {
  if (website.has_redirect_all_requests_to()) {
    if (website.has_index_document() || website.has_error_document() ||
        website.has_routing_rules()) {
      return fail(invalid_request(
          "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules."));
    }
    if (website.redirect_all_requests_to().host_name().empty()) {
      return fail(problem(Problem::malformed_xml));
    }
    return {};
  }
  if (!website.has_index_document()) {
    return fail(invalid_argument(
        "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty",
        "IndexDocument", "null"));
  }
  const std::string_view suffix = website.index_document().suffix();
  if (suffix.empty() || suffix.find('/') != std::string_view::npos) {
    return fail(
        invalid_argument("The IndexDocument Suffix is not well formed", "IndexDocument", suffix));
  }
  if (website.has_error_document() && website.error_document().key().empty()) {
    return fail(invalid_argument("The ErrorDocument Key is not well formed", "ErrorDocument", ""));
  }
  const size_t rules = website.routing_rules().size();
  if (rules > kRoutingRulesMax) {
    return fail(invalid_request(fmt::format(
        "{} routing rules provided, the number of routing rules in a website configuration is "
        "limited to {}.",
        rules, kRoutingRulesMax)));
  }
  for (const api::RoutingRule rule : website.routing_rules()) {
    TRY(check_condition(rule));
    TRY(check_redirect(rule.redirect()));
  }
  return {};
}

std::optional<WebsiteRedirect> find_redirect(const api::WebsiteConfiguration& website,
                                             const WebsiteRequest& request) {
  const api::RedirectAllRequestsTo all = website.redirect_all_requests_to();
  if (all) {
    if (request.error_status != 0) return std::nullopt;
    return WebsiteRedirect{301,
                           make_location(all.protocol(), all.host_name(), request.key, request)};
  }
  for (const api::RoutingRule rule : website.routing_rules()) {
    if (!applies(rule, request)) continue;
    const api::Redirect to = rule.redirect();
    std::string key(request.key);
    if (to.has_replace_key_with()) key = to.replace_key_with();
    if (to.has_replace_key_prefix_with()) {
      const size_t matched = rule.condition().key_prefix_equals().size();
      key = std::string(to.replace_key_prefix_with()) + key.substr(matched);
    }
    WebsiteRedirect out;
    out.status = parse_code(to.http_redirect_code()).value_or(301);
    out.location = make_location(to.protocol(), to.host_name(), key, request);
    return out;
  }
  return std::nullopt;
}

std::string document_key(const api::WebsiteConfiguration& website, std::string_view key) {
  std::string out(key);
  if (out.empty() || out.ends_with('/')) out += website.index_document().suffix();
  return out;
}

}  // namespace millrace::s3
