#include "services/iam/paging.h"
#include "services/iam/views.h"

namespace millrace::iam {

Task<ListRolesResponse> list_roles(Iam& iam, wire::Call& call, ListRolesRequest in) {
  const std::string_view path = in.path_prefix("/");
  store::Txn txn = iam.db.begin();
  CO_TRY(const Page<policy::Role> page,
         read_page(txn, policy::kRoles, store::key_prefix(call.realm.account), in,
                   [path](const policy::Role& role) { return role.path.starts_with(path); }));
  auto out = call.make<ListRolesResponse>();
  const auto roles = out.make_roles();
  for (const policy::Role& role : page.rows) write_role(roles.append(), role, Detail::listed);
  close_page(out, page.marker);
  co_return out;
}

}  // namespace millrace::iam
