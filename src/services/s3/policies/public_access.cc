#include "services/s3/policies/public_access.h"

#include <algorithm>
#include <charconv>

namespace millrace::s3 {
namespace {

// The document of a setting that was deleted, where its absence has another meaning.
constexpr std::string_view kDeleted = "deleted";
constexpr std::string_view kEnforced = "BucketOwnerEnforced";

constexpr std::string_view kNarrowing[] = {"aws:principalaccount",
                                           "aws:principalarn",
                                           "aws:principalorgid",
                                           "aws:principalorgpaths",
                                           "aws:sourceaccount",
                                           "aws:sourcearn",
                                           "aws:sourceip",
                                           "aws:sourceowner",
                                           "aws:sourcevpc",
                                           "aws:sourcevpce",
                                           "aws:userid",
                                           "aws:username",
                                           "s3:dataaccesspointaccount",
                                           "s3:dataaccesspointarn",
                                           "s3:x-amz-server-side-encryption-aws-kms-key-id"};

// AWS: a network wider than /8 (IPv6: /32) is everybody.
bool is_narrow_network(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return true;
  size_t bits = 0;
  const std::string_view length = text.substr(slash + 1);
  std::from_chars(length.data(), length.data() + length.size(), bits);
  return bits >= (text.find(':') == std::string_view::npos ? 8U : 32U);
}

bool is_fixed(std::string_view text) {
  return text.find_first_of("*?") == std::string_view::npos &&
         text.find("${") == std::string_view::npos;
}

bool narrows(const policy::Condition& condition) {
  using policy::Comparison;
  const policy::Operator& op = condition.op;
  if (op.negated || op.if_exists || op.quantifier == policy::Quantifier::for_all_values) {
    return false;
  }
  if (std::ranges::find(kNarrowing, std::string_view(policy::folded(condition.key))) ==
      std::end(kNarrowing)) {
    return false;
  }
  switch (op.comparison) {
    case Comparison::ip_address:
      return std::ranges::all_of(condition.values, is_narrow_network);
    case Comparison::string_equals:
    case Comparison::string_equals_ignoring_case:
    case Comparison::string_like:
    case Comparison::arn_like:
      return std::ranges::all_of(condition.values, is_fixed);
    default:
      return false;
  }
}

}  // namespace

Result<std::optional<PublicAccessBlock>> public_access_block(const S3& s3,
                                                             std::string_view bucket) {
  TRY(const std::optional<objects::Setting> setting,
      s3.objects.setting(bucket, configuration::kPublicAccessBlock, ""));
  if (!setting) return PublicAccessBlock{true, true, true, true};
  if (setting->document == kDeleted || setting->document.size() != 4) return std::nullopt;
  const auto set = [&](size_t i) { return setting->document[i] == '1'; };
  return PublicAccessBlock{set(0), set(1), set(2), set(3)};
}

Task<void> keep_public_access_block(S3& s3, std::string bucket,
                                    std::optional<PublicAccessBlock> block) {
  objects::Setting setting;
  setting.bucket = std::move(bucket);
  setting.kind = configuration::kPublicAccessBlock;
  setting.document = kDeleted;
  if (block) {
    setting.document.clear();
    for (const bool one :
         {block->block_acls, block->ignore_acls, block->block_policy, block->restrict_buckets}) {
      setting.document.push_back(one ? '1' : '0');
    }
  }
  co_return co_await s3.objects.put_setting(std::move(setting));
}

Result<std::optional<std::string>> object_ownership(const S3& s3, std::string_view bucket) {
  TRY(const std::optional<objects::Setting> setting,
      s3.objects.setting(bucket, configuration::kOwnership, ""));
  if (!setting) return std::string(kEnforced);
  if (setting->document == kDeleted) return std::nullopt;
  return setting->document;
}

Result<bool> lists_are_disabled(const S3& s3, std::string_view bucket) {
  TRY(const std::optional<std::string> ownership, object_ownership(s3, bucket));
  return ownership == kEnforced;
}

Task<void> keep_object_ownership(S3& s3, std::string bucket, std::optional<std::string> ownership) {
  objects::Setting setting;
  setting.bucket = std::move(bucket);
  setting.kind = configuration::kOwnership;
  setting.document = ownership ? std::move(*ownership) : std::string(kDeleted);
  co_return co_await s3.objects.put_setting(std::move(setting));
}

bool is_public(const policy::Document& document) {
  return std::ranges::any_of(document.statements, [](const policy::Statement& statement) {
    return statement.allow && policy::names_everybody(statement) &&
           std::ranges::none_of(statement.conditions, narrows);
  });
}

}  // namespace millrace::s3
