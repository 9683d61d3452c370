// DataKeys: what wraps the data keys of objects, under the platform's own key and under KMS's.
//
// A key of KMS is named as its customers do: by id, by alias, by either's ARN; where a bucket names
// none, it is the key behind alias/aws/s3 of the bucket's account. What is wrapped by it is bound
// to the encryption context: what the object's writer gave, and the ARN of the object, or of the
// bucket where it has a bucket key.
//
// Thread-safe; reads rows, and waits for nothing. Database and keyring outlive it. Its errors have
// S3's codes already: KMS.NotFoundException, KMS.DisabledException, KMS.KMSInvalidStateException,
// AccessDenied (a key of another account). AWS: KMS's errors come through S3 under these codes; see
// put_object_encryption.test.
//
// Source: S3 User Guide, "Using server-side encryption with AWS KMS keys", "Encryption context".
#pragma once

#include <string_view>

#include "engines/keys/keyring.h"
#include "engines/objects/protection.h"

namespace millrace::s3 {

inline constexpr std::string_view kServiceKeyAlias = "alias/aws/s3";

// arn:aws:kms:<region>:<account>:key/<id>
std::string arn_of(const keys::MasterKey& key);

// The key of that name, as `realm` names keys. Errors: KMS.NotFoundException, AccessDenied.
Result<keys::MasterKey> find_kms_key(const keys::Keyring& keyring, const Realm& realm,
                                     std::string_view name);
// The one that S3 uses where nobody names another: the target of alias/aws/s3, made at its first
// use. Errors: those of Keyring::platform_key(). The keyring outlives the task.
Task<keys::MasterKey> service_key(const keys::Keyring& keyring, Realm realm);
// Errors: KMS.DisabledException, KMS.KMSInvalidStateException (it waits to be deleted).
Result<void> check_usable(const keys::MasterKey& key);

class DataKeys final : public objects::DataKeys {
 public:
  DataKeys(store::Database& db, const keys::Keyring& keyring) : db_(db), keyring_(keyring) {}

  Result<Bytes> wrap(objects::Protection& how, objects::ObjectName id,
                     const Secret& data_key) override;
  Result<Secret> unwrap(const objects::Protection& how, objects::ObjectName id) override;

 private:
  // The key that protects, usable.
  Result<keys::MasterKey> key_of(const objects::Protection& how, objects::ObjectName id) const;

  store::Database& db_;
  const keys::Keyring& keyring_;
};

}  // namespace millrace::s3
