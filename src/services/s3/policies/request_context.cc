#include "services/s3/policies/request_context.h"

#include <fmt/format.h>

#include "services/s3/tag_text.h"
#include "wire/pipeline/call.h"

namespace millrace::s3 {
namespace {

// The members that are condition keys of their own names; headers that begin with x-amz- are too.
struct NamedKey {
  std::string_view member, key;
};
constexpr NamedKey kKeys[] = {{"Delimiter", "s3:delimiter"},
                              {"IfMatch", "s3:if-match"},
                              {"IfNoneMatch", "s3:if-none-match"},
                              {"MaxKeys", "s3:max-keys"},
                              {"ObjectLockLegalHoldStatus", "s3:object-lock-legal-hold"},
                              {"ObjectLockMode", "s3:object-lock-mode"},
                              {"ObjectLockRetainUntilDate", "s3:object-lock-retain-until-date"},
                              {"Prefix", "s3:prefix"},
                              {"VersionId", "s3:VersionId"}};

std::string text_of(const wire::Value& value) {
  switch (value.type) {
    case wire::ValueType::integer:
      return std::to_string(value.integer);
    case wire::ValueType::boolean:
      return value.boolean ? "true" : "false";
    case wire::ValueType::text:
      return std::string(value.as_text());
    default:
      return {};
  }
}

void add_tag(policy::Context& context, std::string_view key, std::string_view value) {
  context.set(fmt::format("s3:RequestObjectTag/{}", key), std::string(value));
  context.add("s3:RequestObjectTagKeys", std::string(key));
}

void add_tags(policy::Context& context, const wire::Operation& operation, wire::Value input) {
  if (operation.name == "PutObjectTagging") {
    Arena arena;
    const PutObjectTaggingRequest request(input.items, arena);
    for (const api::Tag tag : request.tagging().tag_set()) {
      add_tag(context, tag.key(), tag.value());
    }
    return;
  }
  const auto tags = parse_tag_header(text_member(operation, input, "Tagging"));
  if (!tags) return;  // The operation refuses it.
  for (const auto& [key, value] : *tags) add_tag(context, key, value);
}

bool is_true(const wire::Operation& operation, wire::Value input, std::string_view name) {
  if (operation.input == nullptr || !input.present()) return false;
  for (size_t i = 0; i < operation.input->members.size(); ++i) {
    const wire::Value& value = input.items[i];
    if (operation.input->members[i].name != name) continue;
    return value.type == wire::ValueType::boolean && value.boolean;
  }
  return false;
}

std::string_view auth_type(const http::Request& request) {
  return request.headers.find("authorization") ? "REST-HEADER" : "REST-QUERY-STRING";
}

}  // namespace

std::string bucket_arn(std::string_view bucket, std::string_view key) {
  if (key.empty()) return fmt::format("arn:aws:s3:::{}", bucket);
  return fmt::format("arn:aws:s3:::{}/{}", bucket, key);
}

std::string_view text_member(const wire::Operation& operation, wire::Value input,
                             std::string_view name) {
  if (operation.input == nullptr || !input.present()) return {};
  for (size_t i = 0; i < operation.input->members.size(); ++i) {
    if (operation.input->members[i].name != name) continue;
    const wire::Value& value = input.items[i];
    return value.type == wire::ValueType::text ? value.as_text() : std::string_view();
  }
  return {};
}

void add_request(policy::Context& context, const S3& s3, const wire::Call& call,
                 std::string_view resource_account) {
  const Time now = s3.objects.now();
  context.set("aws:CurrentTime", to_iso8601(now));
  context.set("aws:EpochTime",
              std::to_string(std::chrono::floor<seconds>(now).time_since_epoch().count()));
  context.set("aws:SecureTransport", "false");
  context.set("aws:ResourceAccount", std::string(resource_account));
  context.set("s3:ResourceAccount", std::string(resource_account));
  context.set("aws:RequestedRegion", call.realm.region);
  if (call.http == nullptr) return;
  const std::string remote(call.http->remote);
  std::string address = remote.substr(0, remote.rfind(':'));
  if (address.starts_with('[') && address.ends_with(']')) {
    address = address.substr(1, address.size() - 2);
  }
  context.set("aws:SourceIp", std::move(address));
  if (const auto agent = call.http->headers.find("user-agent")) {
    context.set("aws:UserAgent", std::string(*agent));
  }
  if (const auto referer = call.http->headers.find("referer")) {
    context.set("aws:Referer", std::string(*referer));
  }
  if (call.principal.anonymous()) return;
  context.set("s3:authType", std::string(auth_type(*call.http)));
  context.set("s3:signatureversion", call.any_region ? "AWS" : "AWS4-HMAC-SHA256");
}

void add_input(policy::Context& context, const wire::Operation& operation, wire::Value input) {
  if (operation.input == nullptr || !input.present()) return;
  for (size_t i = 0; i < operation.input->members.size(); ++i) {
    const wire::Member& member = operation.input->members[i];
    if (!input.items[i].present() || member.location == wire::Location::body) continue;
    for (const NamedKey& named : kKeys) {
      if (named.member == member.name) {
        context.set(named.key, text_of(input.items[i]));
      }
    }
    // A customer's key is no key of conditions.
    if (member.name.ends_with("SSECustomerKey")) continue;
    if (member.location == wire::Location::header && member.wire_name.starts_with("x-amz-")) {
      context.set(fmt::format("s3:{}", member.wire_name), text_of(input.items[i]));
    }
  }
  add_tags(context, operation, input);
}

std::vector<std::string_view> further_actions(const wire::Operation& operation, wire::Value input) {
  std::vector<std::string_view> out;
  if (is_true(operation, input, "BypassGovernanceRetention")) {
    out.push_back("s3:BypassGovernanceRetention");
  }
  const bool writes = operation.name == "PutObject" || operation.name == "CopyObject" ||
                      operation.name == "CreateMultipartUpload";
  if (!writes) return out;
  const auto has = [&](std::string_view name) {
    return !text_member(operation, input, name).empty();
  };
  if (has("Tagging")) out.push_back("s3:PutObjectTagging");
  if (has("ACL") || has("GrantRead") || has("GrantFullControl") || has("GrantReadACP") ||
      has("GrantWriteACP")) {
    out.push_back("s3:PutObjectAcl");
  }
  if (has("ObjectLockMode")) out.push_back("s3:PutObjectRetention");
  if (has("ObjectLockLegalHoldStatus")) out.push_back("s3:PutObjectLegalHold");
  return out;
}

}  // namespace millrace::s3
