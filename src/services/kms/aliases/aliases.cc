#include "services/kms/aliases/aliases.h"

#include <fmt/format.h>

namespace millrace::kms {
namespace {

constexpr std::string_view kAliasPart = "alias/";

}  // namespace

// AWS: alias/aws/ is for AWS's own keys, and the answer has no message. See create_alias.test.
Result<void> check_alias_name(std::string_view name) {
  if (!name.starts_with(kAliasPart)) return fail(errors::validation("Invalid identifier"));
  if (name.starts_with("alias/aws/")) {
    return fail(Error{ErrorKind::denied, "", "NotAuthorizedException", 400});
  }
  if (name.find(':') != std::string_view::npos) {
    return fail(
        errors::validation(fmt::format("{} contains invalid characters for an alias", name)));
  }
  if (name.size() == kAliasPart.size()) {
    return fail(errors::invalid_alias_name("An alias has a name behind alias/"));
  }
  return {};
}

Result<keys::MasterKey> find_target(store::Txn& txn, const wire::Call& call, std::string_view name,
                                    std::string_view action) {
  const bool is_alias =
      name.starts_with(kAliasPart) || parse_arn(name).resource.starts_with(kAliasPart);
  if (is_alias) return fail(errors::validation("Aliases must refer to keys. Not aliases"));
  TRY(keys::MasterKey key, find_changeable_key(txn, call, name, action));
  const store::Range range{.prefix = store::key_prefix(key.realm, key.id), .limit = kAliasesPerKey};
  TRY(const auto held, txn.scan(keys::kAliasesOfKeys, range));
  if (held.size() < kAliasesPerKey) return key;
  return fail(errors::limit_exceeded(
      fmt::format("Key {} has {} aliases, which is the most", arn_of(key), kAliasesPerKey)));
}

Result<keys::Alias> find_alias(store::Txn& txn, const Realm& realm, std::string_view name) {
  TRY(std::optional<keys::Alias> alias, txn.find(keys::kAliases, {realm, std::string(name)}));
  if (!alias) return fail(no_such_alias(realm, name));
  return std::move(*alias);
}

}  // namespace millrace::kms
