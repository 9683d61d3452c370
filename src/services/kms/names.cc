#include <fmt/format.h>

#include <array>
#include <utility>

#include "services/kms/kms.h"

namespace millrace::kms {
namespace {

constexpr std::string_view kAliasPart = "alias/";
constexpr std::string_view kKeyPart = "key/";

constexpr std::pair<std::string_view, std::string_view> kServiceKeys[] = {
    {"alias/aws/s3", "Default key that protects my S3 objects when no other key is defined"},
};

Error no_such_key(const Realm& realm, std::string_view id) {
  return errors::not_found(
      fmt::format("Key '{}' does not exist", make_arn("kms", realm, fmt::format("key/{}", id))));
}

// What a request's KeyId says, once ARNs are taken apart: an alias, or a key's id; and whose it is.
struct Named {
  Realm realm;
  std::string resource;
};

Result<Named> named_of(const Realm& realm, std::string_view name) {
  if (!name.starts_with("arn:")) return Named{realm, std::string(name)};
  const Arn arn = parse_arn(name);
  const bool known = arn.resource.starts_with(kKeyPart) || arn.resource.starts_with(kAliasPart);
  if (!arn.valid() || arn.service != "kms" || arn.partition != "aws" || !known) {
    return fail(errors::invalid_arn(fmt::format("Invalid arn {}", name)));
  }
  // AWS: names the region, and nothing else, of an ARN that belongs to another one.
  if (arn.region != realm.region) {
    return fail(errors::not_found(fmt::format("Invalid arn {}", arn.region)));
  }
  const bool key = arn.resource.starts_with(kKeyPart);
  return Named{{arn.account, arn.region},
               key ? arn.resource.substr(kKeyPart.size()) : arn.resource};
}

Result<keys::MasterKey> find_by_id(store::Txn& txn, const Realm& realm, std::string_view id) {
  if (!keys::is_key_id(id)) {
    return fail(errors::not_found(fmt::format("Invalid keyId '{}'", id)));
  }
  TRY(std::optional<keys::MasterKey> key, txn.find(keys::kMasterKeys, {realm, std::string(id)}));
  if (!key) return fail(no_such_key(realm, id));
  return std::move(*key);
}

}  // namespace

std::string arn_of(const keys::MasterKey& key) {
  return make_arn("kms", key.realm, fmt::format("{}{}", kKeyPart, key.id));
}

std::string alias_arn(const Realm& realm, std::string_view name) {
  return make_arn("kms", realm, name);
}

Result<keys::MasterKey> find_key(store::Txn& txn, const Realm& realm, std::string_view name) {
  TRY(const Named named, named_of(realm, name));
  if (!named.resource.starts_with(kAliasPart)) return find_by_id(txn, named.realm, named.resource);
  TRY(const std::optional<keys::Alias> alias,
      txn.find(keys::kAliases, {named.realm, named.resource}));
  if (!alias) return fail(no_such_alias(named.realm, named.resource));
  return find_by_id(txn, named.realm, alias->target);
}

Result<keys::MasterKey> find_key_by_id(store::Txn& txn, const Realm& realm, std::string_view name) {
  TRY(const Named named, named_of(realm, name));
  if (named.realm.account != realm.account) {
    return fail(Error{ErrorKind::denied,
                      fmt::format("The key {} is of another account, which manages it", name),
                      "AccessDeniedException", 400});
  }
  if (named.resource.starts_with(kAliasPart) && name.starts_with("arn:")) {
    return fail(errors::invalid_arn(fmt::format("Invalid arn {}", name)));
  }
  return find_by_id(txn, realm, named.resource);
}

Result<keys::MasterKey> find_changeable_key(store::Txn& txn, const wire::Call& call,
                                            std::string_view name, std::string_view action) {
  TRY(keys::MasterKey key, find_key_by_id(txn, call.realm, name));
  TRY(check_customers(call, key, action));
  TRY(check_kept(key));
  return key;
}

Result<void> check_customers(const wire::Call& call, const keys::MasterKey& key,
                             std::string_view action) {
  if (key.maker == keys::Maker::customer) return {};
  return fail(access_denied(call, action, arn_of(key)));
}

Result<void> check_kept(const keys::MasterKey& key) {
  if (key.state != keys::KeyState::pending_deletion) return {};
  return fail(errors::kms_invalid_state(fmt::format("{} is pending deletion.", arn_of(key))));
}

Result<void> check_usable(const keys::MasterKey& key) {
  if (key.state == keys::KeyState::disabled) {
    return fail(errors::disabled(fmt::format("{} is disabled.", arn_of(key))));
  }
  return check_kept(key);
}

std::string_view name_of(keys::KeyState state) {
  switch (state) {
    case keys::KeyState::enabled:
      return "Enabled";
    case keys::KeyState::disabled:
      return "Disabled";
    case keys::KeyState::pending_deletion:
      return "PendingDeletion";
  }
  return "Unavailable";
}

void write_metadata(const api::KeyMetadata& out, const keys::MasterKey& key) {
  out.set_aws_account_id(key.realm.account);
  out.set_key_id(key.id);
  out.set_arn(arn_of(key));
  out.set_creation_date(key.created);
  out.set_enabled(key.state == keys::KeyState::enabled);
  out.set_description(key.description);
  out.set_key_usage("ENCRYPT_DECRYPT");
  out.set_key_state(name_of(key.state));
  if (key.deletion) out.set_deletion_date(*key.deletion);
  out.set_origin("AWS_KMS");
  out.set_key_manager(key.maker == keys::Maker::customer ? "CUSTOMER" : "AWS");
  out.set_customer_master_key_spec("SYMMETRIC_DEFAULT");
  out.set_key_spec("SYMMETRIC_DEFAULT");
  out.make_encryption_algorithms().append("SYMMETRIC_DEFAULT");
  out.set_multi_region(false);
}

std::optional<std::string> description_of_service_key(std::string_view alias) {
  for (const auto& [name, description] : kServiceKeys) {
    if (name == alias) return std::string(description);
  }
  return std::nullopt;
}

}  // namespace millrace::kms
