#include "services/iam/access_keys/access_key_rows.h"
#include "services/iam/paging.h"

namespace millrace::iam {

Task<ListAccessKeysResponse> list_access_keys(Iam& iam, wire::Call& call,
                                              ListAccessKeysRequest in) {
  CO_TRY(const std::string name, user_or_caller(call, in.user_name()));
  store::Txn txn = iam.db.begin();
  CO_TRY(check_key_owner(txn, call, name));
  CO_TRY(const Page<policy::KeyOwner> page,
         read_page(txn, policy::kKeyOwners, store::key_prefix(call.realm.account, name), in));
  auto out = call.make<ListAccessKeysResponse>();
  const auto keys = out.make_access_key_metadata();
  for (const policy::KeyOwner& owner : page.rows) {
    CO_TRY(const policy::AccessKey key, txn.get(policy::kAccessKeys, {owner.id}));
    const api::AccessKeyMetadata shown = keys.append();
    if (!name.empty()) shown.set_user_name(name);
    shown.set_access_key_id(key.id);
    shown.set_status(status_of(key));
    shown.set_create_date(key.created);
  }
  close_page(out, page.marker);
  co_return out;
}

}  // namespace millrace::iam
