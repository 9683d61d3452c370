#include "services/kms/grants/grants.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "services/kms/crypto/encryption.h"

namespace millrace::kms {
namespace {

// Of a symmetric key; the model has those of others too.
constexpr std::array<std::string_view, 9> kOperations = {
    "Decrypt",       "Encrypt",     "GenerateDataKey", "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom", "ReEncryptTo", "CreateGrant",     "RetireGrant",
    "DescribeKey"};

std::map<std::string, std::string> words_of(const wire::Map<std::string_view>& from) {
  std::map<std::string, std::string> out;
  for (size_t i = 0; i < from.size(); ++i) out.emplace(from.key(i), from.value(i));
  return out;
}

void write_words(const wire::Map<std::string_view>& out,
                 const std::map<std::string, std::string>& words) {
  for (const auto& [name, value] : words) out.set(name, value);
}

Error invalid_token() { return errors::invalid_grant_token("The grant token is invalid."); }

// account, region, key, grant
Result<keys::Grant::Key> key_of_token(std::string_view token) {
  constexpr size_t kParts = 4;
  Bytes text;
  if (!from_base64(token, text)) return fail(invalid_token());
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == ' ') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  if (parts.size() != kParts) return fail(invalid_token());
  return keys::Grant::Key{Realm{parts[0], parts[1]}, parts[2], parts[3]};
}

}  // namespace

Result<void> check_grant_principal(std::string_view arn, std::string_view member) {
  const Arn parsed = parse_arn(arn);
  const bool known = parsed.service == "iam" || parsed.service == "sts";
  if (parsed.valid() && known && !parsed.account.empty()) return {};
  return fail(errors::invalid_arn(fmt::format("{} is not a valid principal ARN", member)));
}

Result<keys::Grant> wanted_grant(const wire::Call& call, const keys::MasterKey& key,
                                 const CreateGrantRequest& in) {
  TRY(check_grant_principal(in.grantee_principal(), "GranteePrincipal"));
  if (in.has_retiring_principal()) {
    TRY(check_grant_principal(in.retiring_principal(), "RetiringPrincipal"));
  }
  keys::Grant out;
  out.realm = key.realm;
  out.key_id = key.id;
  out.name = in.name();
  out.grantee = in.grantee_principal();
  out.retiring = in.retiring_principal();
  out.issuer = fmt::format("arn:aws:iam::{}:root", call.principal.account);
  for (const std::string_view operation : in.operations()) {
    if (std::ranges::find(kOperations, operation) == kOperations.end()) {
      return fail(errors::validation(
          fmt::format("Operation {} is not supported for KeyUsage ENCRYPT_DECRYPT", operation)));
    }
    out.operations.emplace_back(operation);
  }
  if (out.operations.empty()) {
    return fail(errors::validation("A grant must have at least one operation"));
  }
  std::ranges::sort(out.operations);
  out.operations.erase(std::ranges::unique(out.operations).begin(), out.operations.end());
  const api::GrantConstraints constraints = in.constraints();
  out.context_equals = words_of(constraints.encryption_context_equals());
  out.context_subset = words_of(constraints.encryption_context_subset());
  return out;
}

std::string token_of(const keys::Grant& grant) {
  return to_base64(
      fmt::format("{} {} {} {}", grant.realm.account, grant.realm.region, grant.key_id, grant.id));
}

Result<void> check_grants(const Kms& kms, const wire::List<std::string_view>& tokens) {
  store::Txn txn = kms.db.begin();
  for (const std::string_view token : tokens) {
    TRY(const keys::Grant::Key at, key_of_token(token));
    TRY(const std::optional<keys::Grant> grant, txn.find(keys::kGrants, at));
    if (!grant) return fail(invalid_token());
  }
  return {};
}

Result<keys::Grant> find_retired(store::Txn& txn, const wire::Call& call,
                                 const RetireGrantRequest& in) {
  keys::Grant::Key at;
  if (in.has_grant_token()) {
    TRY(at, key_of_token(in.grant_token()));
  } else {
    if (!in.has_key_id() || !in.has_grant_id()) {
      return fail(errors::validation("Either GrantToken, or KeyId and GrantId, must be given"));
    }
    TRY(const keys::MasterKey key, find_key(txn, call.realm, in.key_id()));
    at = {key.realm, key.id, std::string(in.grant_id())};
  }
  TRY(std::optional<keys::Grant> grant, txn.find(keys::kGrants, at));
  if (!grant) return fail(no_such_grant(std::get<2>(at)));
  return std::move(*grant);
}

Error no_such_grant(std::string_view id) {
  return errors::not_found(fmt::format("Grant ID {} not found", id));
}

void write_grant(const api::GrantListEntry& out, const keys::Grant& grant) {
  out.set_key_id(make_arn("kms", grant.realm, fmt::format("key/{}", grant.key_id)));
  out.set_grant_id(grant.id);
  if (!grant.name.empty()) out.set_name(grant.name);
  out.set_creation_date(grant.created);
  out.set_grantee_principal(grant.grantee);
  if (!grant.retiring.empty()) out.set_retiring_principal(grant.retiring);
  out.set_issuing_account(grant.issuer);
  const auto operations = out.make_operations();
  for (const std::string& operation : grant.operations) operations.append(operation);
  if (grant.context_equals.empty() && grant.context_subset.empty()) return;
  const api::GrantConstraints constraints = out.make_constraints();
  if (!grant.context_equals.empty()) {
    write_words(constraints.make_encryption_context_equals(), grant.context_equals);
  }
  if (!grant.context_subset.empty()) {
    write_words(constraints.make_encryption_context_subset(), grant.context_subset);
  }
}

}  // namespace millrace::kms
