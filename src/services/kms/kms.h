// KMS: master keys, their aliases, and what they encrypt.
// Source: AWS Key Management Service API Reference, version 2014-11-01.
//
// Keys are symmetric, of the platform's making, and belong to one region; anything else is refused
// by name. Ciphertexts and materials are engines/keys'.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/kms.h"
#include "engines/keys/keyring.h"
#include "engines/policy/permissions.h"
#include "runtime/clock.h"
#include "services/kms/limits.h"
#include "wire/pipeline/call.h"

namespace millrace::kms {

// What the operations use; everything outlives it.
struct Kms {
  store::Database& db;
  keys::Keyring& keyring;
  runtime::Clock& clock;
  policy::Permissions& permissions;
};

// arn:aws:kms:<region>:<account>:key/<id>, …:alias/<name>
std::string arn_of(const keys::MasterKey& key);
std::string alias_arn(const Realm& realm, std::string_view name);

// The key that a request names: by id or ARN, or by an alias and its ARN; by an ARN also one of
// another account, whose policy has been asked (policies/access.h).
// Errors: NotFoundException, InvalidArnException.
Result<keys::MasterKey> find_key(store::Txn& txn, const Realm& realm, std::string_view name);
// The same where AWS takes no alias, and no other account's key.
// Errors also: AccessDeniedException (of another account).
Result<keys::MasterKey> find_key_by_id(store::Txn& txn, const Realm& realm, std::string_view name);
// …and changes it. Errors also: AccessDeniedException (a key of AWS's), KMSInvalidStateException
// (it waits to be deleted).
Result<keys::MasterKey> find_changeable_key(store::Txn& txn, const wire::Call& call,
                                            std::string_view name, std::string_view action);

// AWS: a key of a service, which the service may change and its customers may not.
// Errors: AccessDeniedException.
Result<void> check_customers(const wire::Call& call, const keys::MasterKey& key,
                             std::string_view action);
// Errors: KMSInvalidStateException (it waits to be deleted).
Result<void> check_kept(const keys::MasterKey& key);
// Errors: DisabledException, KMSInvalidStateException.
Result<void> check_usable(const keys::MasterKey& key);

std::string_view name_of(keys::KeyState state);
void write_metadata(const api::KeyMetadata& out, const keys::MasterKey& key);

// Whether a key may have that policy, as a document. Errors: MalformedPolicyDocumentException,
// LimitExceededException.
Result<void> check_policy(std::string_view document);

Error no_such_alias(const Realm& realm, std::string_view name);
Error access_denied(const wire::Call& call, std::string_view action, std::string_view arn);
Error unsupported(std::string message);

// What S3 and others encrypt with where no key is named: alias/aws/<service>, made when it is
// first asked for. Nothing for any other name.
std::optional<std::string> description_of_service_key(std::string_view alias);

}  // namespace millrace::kms
