#include "services/s3/encryption/data_keys.h"

#include <fmt/format.h>

#include "engines/objects/rows.h"
#include "engines/policy/key_policies.h"

namespace millrace::s3 {
namespace {

constexpr std::string_view kPurpose = "data keys of objects";
constexpr std::string_view kKeyPart = "key/";
constexpr std::string_view kAliasPart = "alias/";

std::unexpected<Error> refuse(ErrorKind kind, std::string_view code, std::string message) {
  return fail(Error{kind, std::move(message), std::string(code), 400});
}

std::unexpected<Error> no_key(std::string message) {
  return refuse(ErrorKind::not_found, "KMS.NotFoundException", std::move(message));
}

// What the platform's key seals opens for the one object only.
Bytes bound_to(objects::ObjectName id) {
  return fmt::format("{}:{}{}", id.bucket.size(), id.bucket, id.key);
}

keys::Context context_of(const objects::Protection& how, objects::ObjectName id) {
  keys::Context out = how.context;
  out["aws:s3:arn"] = how.wide ? fmt::format("arn:aws:s3:::{}", id.bucket)
                               : fmt::format("arn:aws:s3:::{}/{}", id.bucket, id.key);
  return out;
}

}  // namespace

std::string arn_of(const keys::MasterKey& key) {
  return make_arn("kms", key.realm, fmt::format("{}{}", kKeyPart, key.id));
}

Result<keys::MasterKey> find_kms_key(const keys::Keyring& keyring, const Realm& realm,
                                     std::string_view name) {
  std::string resource(name);
  if (name.starts_with("arn:")) {
    const Arn arn = parse_arn(name);
    const bool known = arn.resource.starts_with(kKeyPart) || arn.resource.starts_with(kAliasPart);
    if (!arn.valid() || arn.service != "kms" || !known) {
      return no_key(fmt::format("Invalid arn {}", name));
    }
    // AWS: names the region, and nothing else, of an ARN that belongs to another one.
    if (arn.region != realm.region) return no_key(fmt::format("Invalid arn {}", arn.region));
    // AWS: a key of another account that is not there is denied like one that lets nobody in.
    if (arn.account != realm.account) {
      Result<keys::MasterKey> found = find_kms_key(keyring, {arn.account, arn.region}, name);
      if (found || found.error().kind != ErrorKind::not_found) return found;
      return fail(Error{ErrorKind::denied, "Access Denied", "AccessDenied", 403});
    }
    resource =
        arn.resource.starts_with(kKeyPart) ? arn.resource.substr(kKeyPart.size()) : arn.resource;
  }
  const bool alias = resource.starts_with(kAliasPart);
  if (!alias && !keys::is_key_id(resource)) {
    return no_key(fmt::format("Invalid keyId '{}'", resource));
  }
  TRY(std::optional<keys::MasterKey> key, keyring.find(realm, resource));
  if (key) return std::move(*key);
  if (alias) {
    return no_key(fmt::format("Alias {} is not found.", make_arn("kms", realm, resource)));
  }
  return no_key(fmt::format("Key '{}' does not exist",
                            make_arn("kms", realm, fmt::format("{}{}", kKeyPart, resource))));
}

Task<keys::MasterKey> service_key(const keys::Keyring& keyring, Realm realm) {
  const std::string policy = policy::service_key_policy(realm, "s3");
  co_return co_await keyring.platform_key(
      std::move(realm), std::string(kServiceKeyAlias),
      "Default key that protects my S3 objects when no other key is defined", policy);
}

Result<void> check_usable(const keys::MasterKey& key) {
  switch (key.state) {
    case keys::KeyState::enabled:
      return {};
    case keys::KeyState::disabled:
      return refuse(ErrorKind::precondition_failed, "KMS.DisabledException",
                    fmt::format("{} is disabled.", arn_of(key)));
    case keys::KeyState::pending_deletion:
      return refuse(ErrorKind::precondition_failed, "KMS.KMSInvalidStateException",
                    fmt::format("{} is pending deletion.", arn_of(key)));
  }
  return fail(ErrorKind::internal, "a key is in an unknown state");
}

Result<keys::MasterKey> DataKeys::key_of(const objects::Protection& how,
                                         objects::ObjectName id) const {
  const Arn arn = parse_arn(how.name);
  Realm realm{arn.account, arn.region};
  if (!arn.valid()) {
    store::Txn txn = db_.begin();
    TRY(const objects::Bucket bucket, txn.get(objects::kBuckets, {std::string(id.bucket)}));
    realm = {bucket.owner, bucket.region};
  }
  const std::string_view name = how.name.empty() ? kServiceKeyAlias : std::string_view(how.name);
  TRY(keys::MasterKey key, find_kms_key(keyring_, realm, name));
  TRY(check_usable(key));
  return key;
}

Result<Bytes> DataKeys::wrap(objects::Protection& how, objects::ObjectName id,
                             const Secret& data_key) {
  if (how.guard == objects::Guard::platform) {
    return keyring_.root().seal(keyring_.random(), kPurpose, bound_to(id), data_key.view());
  }
  TRY(const keys::MasterKey key, key_of(how, id));
  how.name = arn_of(key);
  return keyring_.seal(key, data_key.view(), context_of(how, id));
}

Result<Secret> DataKeys::unwrap(const objects::Protection& how, objects::ObjectName id) {
  Result<Secret> out = fail(ErrorKind::internal, "an object's data key is damaged");
  if (how.guard == objects::Guard::platform) {
    out = keyring_.root().open(kPurpose, bound_to(id), how.data_key);
  } else {
    TRY(const keys::MasterKey key, key_of(how, id));
    const auto ciphertext = keys::parse_ciphertext(how.data_key);
    if (ciphertext && ciphertext->key_id == key.id) {
      out = keyring_.open(key, *ciphertext, context_of(how, id));
    }
  }
  if (out) return out;
  // What the row holds was wrapped here: anything else is damage, and no fault of the caller's.
  return fail(ErrorKind::internal, out.error().message);
}

}  // namespace millrace::s3
