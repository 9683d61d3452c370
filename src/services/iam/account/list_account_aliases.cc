#include "services/iam/paging.h"

namespace millrace::iam {

// An account has no alias until one is made, for which there is no operation here.
Task<ListAccountAliasesResponse> list_account_aliases(Iam&, wire::Call& call,
                                                      ListAccountAliasesRequest) {
  auto out = call.make<ListAccountAliasesResponse>();
  out.make_account_aliases();
  close_page(out, {});
  co_return out;
}

}  // namespace millrace::iam
