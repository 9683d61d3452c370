#include "services/iam/views.h"

namespace millrace::iam {

// AWS: without a name, whoever calls; root has an ARN and an id, but no name.
Task<GetUserResponse> get_user(Iam& iam, wire::Call& call, GetUserRequest in) {
  CO_TRY(const std::string name, user_or_caller(call, in.user_name()));
  auto out = call.make<GetUserResponse>();
  if (name.empty()) {
    const api::User user = out.make_user();
    user.set_user_id(call.principal.account);
    user.set_arn(call.principal.arn);
    co_return out;
  }
  store::Txn txn = iam.db.begin();
  CO_TRY(const policy::User user, find_user(txn, call, name));
  write_user(out.make_user(), user, Detail::full);
  co_return out;
}

}  // namespace millrace::iam
