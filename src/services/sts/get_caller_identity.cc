#include "services/sts/sts.h"

namespace millrace::sts {

// AWS: needs no permission, and answers whoever holds a valid key.
Task<GetCallerIdentityResponse> get_caller_identity(Sts&, wire::Call& call,
                                                    GetCallerIdentityRequest) {
  auto out = call.make<GetCallerIdentityResponse>();
  out.set_user_id(call.principal.user_id);
  out.set_account(call.principal.account);
  out.set_arn(call.principal.arn);
  co_return out;
}

}  // namespace millrace::sts
