#include <fmt/format.h>

#include "services/iam/tags.h"
#include "services/iam/views.h"

namespace millrace::iam {

Task<CreateUserResponse> create_user(Iam& iam, wire::Call& call, CreateUserRequest in) {
  policy::User user{.account = call.realm.account,
                    .name = std::string(in.user_name()),
                    .id = iam.identities.make_id("AIDA"),
                    .path = std::string(in.path("/")),
                    .created = now_of(iam),
                    .tags = {},
                    .permissions_boundary = {}};
  CO_TRY(merge_tags(user.tags, in.tags(), kTagsPerUser));
  CO_TRY(check_quota(iam, call, policy::kUser, kUsersPerAccount));
  store::Txn txn = iam.db.begin();
  CO_TRY(const bool free, policy::claim_name(txn, user.account, policy::kUser, user.name));
  if (!free) {
    co_return fail(
        errors::entity_already_exists(fmt::format("User with name {} already exists.", user.name)));
  }
  CO_TRY(user.permissions_boundary,
         take_boundary(txn, user_holder(user), in.permissions_boundary()));
  txn.put(policy::kUsers, user);
  CO_TRY(co_await txn.commit());
  auto out = call.make<CreateUserResponse>();
  write_user(out.make_user(), user, Detail::created);
  co_return out;
}

}  // namespace millrace::iam
