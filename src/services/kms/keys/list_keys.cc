#include "services/kms/paging.h"

namespace millrace::kms {
namespace {

constexpr int64_t kKeysDefault = 100;

}  // namespace

Task<ListKeysResponse> list_keys(Kms& kms, wire::Call& call, ListKeysRequest in) {
  store::Txn txn = kms.db.begin();
  CO_TRY(const Page<keys::MasterKey> page,
         read_page(txn, keys::kMasterKeys, store::key_prefix(call.realm), in, kKeysDefault));
  auto out = call.make<ListKeysResponse>();
  const auto listed = out.make_keys();
  for (const keys::MasterKey& key : page.rows) {
    const api::KeyListEntry entry = listed.append();
    entry.set_key_id(key.id);
    entry.set_key_arn(arn_of(key));
  }
  close_page(out, page.marker);
  co_return out;
}

}  // namespace millrace::kms
