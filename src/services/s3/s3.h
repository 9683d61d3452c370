// S3: buckets and objects over HTTP.
// Source: Amazon S3 API Reference, version 2006-03-01; Amazon S3 User Guide.
#pragma once

#include <string>
#include <string_view>

#include "api/s3.h"
#include "engines/keys/keyring.h"
#include "engines/objects/objects.h"
#include "engines/policy/permissions.h"
#include "runtime/pool.h"
#include "services/s3/errors.h"
#include "wire/auth/credentials.h"
#include "wire/pipeline/call.h"

namespace millrace::runtime {
class Clock;
}
namespace millrace::sql {
class Sql;
}

namespace millrace::s3 {

class AccessLogs;

struct S3 {
  objects::Objects& objects;
  runtime::Pool& pool;
  policy::Permissions& permissions;
  runtime::Clock& clock;
  auth::KeyStore& keys;  // Of browser uploads, which are signed in their forms.
  sql::Sql& sql;
  keys::Keyring& keyring;  // Of objects that a key of KMS guards.
  store::Database& db;     // Of the service's own rows.
  AccessLogs& access_logs;
};

// Whether the caller may: policies, access lists and public access blocks (policies/). The
// dispatcher calls it before every operation. Errors: AccessDenied, MethodNotAllowed.
Result<void> authorize(void* service, wire::Call& call, const wire::Operation& operation,
                       wire::Value input);

// The bucket of that name, which authorize() has admitted or the caller's account owns, in any
// region. Errors: NoSuchBucket, AccessDenied (also where it belongs to another account than
// `expected_owner`), InvalidBucketName.
Result<objects::Bucket> find_bucket(const S3& s3, const wire::Call& call, std::string_view name,
                                    std::string_view expected_owner);
// The same, in the region that the request is signed for. Errors: also
// AuthorizationHeaderMalformed.
Result<objects::Bucket> open_bucket(const S3& s3, const wire::Call& call, std::string_view name,
                                    std::string_view expected_owner);
// UTF-8, 1 to 1,024 bytes, and no way out of the bucket. Errors: InvalidURI, KeyTooLongError.
Result<void> check_key(const S3& s3, std::string_view key);
// Both.
Result<objects::ObjectId> open_key(const S3& s3, const wire::Call& call, std::string_view bucket,
                                   std::string_view key, std::string_view expected_owner);

// 3 to 63 characters, as the User Guide's "Bucket naming rules" say.
bool is_bucket_name(std::string_view name);

// The canonical user id of an account: 64 hex digits.
std::string owner_id(std::string_view account);

// What the engine answered, in S3's words: not_found is NoSuchBucket or NoSuchKey.
Error translate(const S3& s3, const objects::ObjectId& id, Error error);

// Why an object changes, for its event.
objects::Cause cause_of(const wire::Call& call, std::string_view operation);

// "etag", as S3 writes it, and back.
std::string quoted_etag(std::string_view etag);
std::string bare_etag(std::string_view etag);

// Emits what the bucket's notifications ask for; the engine calls it within the transaction of the
// change (events.cc).
Result<void> announce(store::Txn& txn, const objects::Change& change);

}  // namespace millrace::s3
