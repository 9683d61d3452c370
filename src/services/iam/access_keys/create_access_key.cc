#include "services/iam/access_keys/access_key_rows.h"

namespace millrace::iam {

// AWS: the only answer that ever holds the secret.
Task<CreateAccessKeyResponse> create_access_key(Iam& iam, wire::Call& call,
                                                CreateAccessKeyRequest in) {
  CO_TRY(const std::string name, user_or_caller(call, in.user_name()));
  store::Txn txn = iam.db.begin();
  CO_TRY(check_key_owner(txn, call, name));
  CO_TRY(const std::vector<policy::KeyOwner> keys,
         txn.scan(policy::kKeyOwners, {.prefix = store::key_prefix(call.realm.account, name)}));
  if (keys.size() >= kAccessKeysPerUser.most) co_return fail(over_quota(kAccessKeysPerUser));
  const policy::AccessKey key = iam.identities.make_key(call.realm.account, name);
  policy::put_key(txn, key);
  CO_TRY(co_await txn.commit());
  auto out = call.make<CreateAccessKeyResponse>();
  const api::AccessKey made = out.make_access_key();
  if (!name.empty()) made.set_user_name(name);
  made.set_access_key_id(key.id);
  made.set_status(status_of(key));
  made.set_secret_access_key(key.secret);
  made.set_create_date(key.created);
  co_return out;
}

}  // namespace millrace::iam
