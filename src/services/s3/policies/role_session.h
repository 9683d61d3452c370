// What a role may do in S3 through a session that another part of Millrace has for it: a training
// job, an endpoint, a replication. Nobody signs; the operations' own rules decide.
//
// A role that does not exist in IAM is not refused: its session is then the account's root. One of
// another account is (AccessDenied): nobody passes the roles of others.
// Thread-safe, as the operations. Source: IAM User Guide, "Roles terms and concepts" (service
// role).
#pragma once

#include <string>
#include <string_view>

#include "services/s3/policies/authorize.h"
#include "services/s3/s3.h"

namespace millrace::s3 {

// A role, and what its session is called.
struct RoleSession {
  std::string account, role_arn, name;
};

// Whether the session may do `action` to that object, or with an empty key to the bucket. Errors:
// AccessDenied; internal. A bucket that does not exist is no error.
Result<void> authorize_role(const S3& s3, const RoleSession& session, std::string_view action,
                            const objects::ObjectId& id);

// Whether the session may use a key of KMS, for an object. Errors: AccessDenied; internal.
Result<void> authorize_role_key(const S3& s3, const RoleSession& session, const KeyUse& use);

// Whether the session can have the object's bytes now: s3:GetObject, and kms:Decrypt where a key of
// KMS protects them. Errors: AccessDenied; InvalidObjectState (archived, and not restored);
// InvalidRequest (a customer's key protects it, which a session has not).
Result<void> admit_role_reader(const S3& s3, const RoleSession& session,
                               const objects::Object& object);

// How what the session stores there is to be protected: under the key of KMS that is named, else as
// the bucket says. Errors: AccessDenied (s3:PutObject, kms:GenerateDataKey), those of
// find_kms_key() and check_usable().
Task<objects::Protect> admit_role_writer(S3& s3, RoleSession session, objects::ObjectId id,
                                         std::string kms_key);

}  // namespace millrace::s3
