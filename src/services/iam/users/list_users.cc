#include "services/iam/paging.h"
#include "services/iam/views.h"

namespace millrace::iam {

Task<ListUsersResponse> list_users(Iam& iam, wire::Call& call, ListUsersRequest in) {
  const std::string_view path = in.path_prefix("/");
  store::Txn txn = iam.db.begin();
  CO_TRY(const Page<policy::User> page,
         read_page(txn, policy::kUsers, store::key_prefix(call.realm.account), in,
                   [path](const policy::User& user) { return user.path.starts_with(path); }));
  auto out = call.make<ListUsersResponse>();
  const auto users = out.make_users();
  for (const policy::User& user : page.rows) write_user(users.append(), user, Detail::listed);
  close_page(out, page.marker);
  co_return out;
}

}  // namespace millrace::iam
