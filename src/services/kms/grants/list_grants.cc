#include "services/kms/grants/grants.h"
#include "services/kms/paging.h"

namespace millrace::kms {
namespace {

constexpr int64_t kGrantsDefault = 50;

}  // namespace

// AWS: a page may have fewer grants than its limit, where a principal is asked for. See
// list_grants.test.
Task<ListGrantsResponse> list_grants(Kms& kms, wire::Call& call, ListGrantsRequest in) {
  store::Txn txn = kms.db.begin();
  CO_TRY(const keys::MasterKey key, find_key(txn, call.realm, in.key_id()));
  auto out = call.make<ListGrantsResponse>();
  const auto listed = out.make_grants();
  const Bytes of_key = store::key_prefix(key.realm, key.id);
  CO_TRY(const Page<keys::Grant> page, read_page(txn, keys::kGrants, of_key, in, kGrantsDefault));
  for (const keys::Grant& grant : page.rows) {
    if (in.has_grant_id() && in.grant_id() != grant.id) continue;
    if (in.has_grantee_principal() && in.grantee_principal() != grant.grantee) continue;
    write_grant(listed.append(), grant);
  }
  close_page(out, page.marker);
  co_return out;
}

}  // namespace millrace::kms
