#include "services/s3/policies/role_session.h"

#include <fmt/format.h>

#include "services/s3/encryption/encryption.h"
#include "services/s3/policies/authorize.h"
#include "services/s3/restore/archive.h"

namespace millrace::s3 {
namespace {

// Calls are neither copied nor moved: it is filled where it is.
struct SessionCall {
  Arena arena;
  wire::Call call{arena};
  bool exists = false;
};

Result<void> fill(const S3& s3, const RoleSession& session, SessionCall& out) {
  TRY(const auto role, s3.permissions.find_role(session.role_arn));
  if (role && role->account != session.account) {
    return fail(problem(Problem::access_denied, {}, "Cross-account pass role is not allowed."));
  }
  wire::Call& call = out.call;
  call.realm.account = session.account;
  out.exists = role.has_value();
  if (!role) {
    call.principal.account = session.account;
    call.principal.arn = fmt::format("arn:aws:iam::{}:root", session.account);
    call.principal.root = true;
    return {};
  }
  call.principal.account = role->account;
  call.principal.arn =
      fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", role->account, role->name, session.name);
  call.principal.user_id = fmt::format("{}:{}", role->id, session.name);
  return {};
}

}  // namespace

Result<void> authorize_role(const S3& s3, const RoleSession& session, std::string_view action,
                            const objects::ObjectId& id) {
  SessionCall made;
  TRY(fill(s3, session, made));
  return authorize_action(s3, made.call, action, id);
}

Result<void> authorize_role_key(const S3& s3, const RoleSession& session, const KeyUse& use) {
  SessionCall made;
  TRY(fill(s3, session, made));
  return authorize_kms_key(s3, made.call, use);
}

Result<void> admit_role_reader(const S3& s3, const RoleSession& session,
                               const objects::Object& object) {
  SessionCall made;
  TRY(fill(s3, session, made));
  if (made.exists) {
    const objects::ObjectId id{.bucket = object.entry.bucket, .key = object.entry.object_key};
    TRY(authorize_action(s3, made.call, "s3:GetObject", id));
  }
  TRY(check_readable(object.entry, s3.clock.now()));
  TRY(admit_reader(s3, made.call, object, {}));
  return {};
}

Task<objects::Protect> admit_role_writer(S3& s3, RoleSession session, objects::ObjectId id,
                                         std::string kms_key) {
  SessionCall made;
  CO_TRY(fill(s3, session, made));
  if (made.exists) CO_TRY(authorize_action(s3, made.call, "s3:PutObject", id));
  EncryptionHeaders wish;
  if (!kms_key.empty()) {
    wish.algorithm = "aws:kms";
    wish.key_id = kms_key;
  }
  co_return co_await read_encryption(s3, made.call, wish, id);
}

}  // namespace millrace::s3
