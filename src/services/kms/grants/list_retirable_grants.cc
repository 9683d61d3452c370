#include "services/kms/grants/grants.h"
#include "services/kms/paging.h"

namespace millrace::kms {
namespace {

constexpr int64_t kGrantsDefault = 50;

}  // namespace

// Of every key in the caller's account and region.
// DIVERGES: grants on keys of other accounts are not listed.
Task<ListGrantsResponse> list_retirable_grants(Kms& kms, wire::Call& call,
                                               ListRetirableGrantsRequest in) {
  CO_TRY(check_grant_principal(in.retiring_principal(), "RetiringPrincipal"));
  store::Txn txn = kms.db.begin();
  auto out = call.make<ListGrantsResponse>();
  const auto listed = out.make_grants();
  CO_TRY(const Page<keys::Grant> page,
         read_page(txn, keys::kGrants, store::key_prefix(call.realm), in, kGrantsDefault));
  for (const keys::Grant& grant : page.rows) {
    if (grant.retiring == in.retiring_principal()) write_grant(listed.append(), grant);
  }
  close_page(out, page.marker);
  co_return out;
}

}  // namespace millrace::kms
