#include "services/kms/crypto/encryption.h"
#include "services/kms/grants/grants.h"

namespace millrace::kms {
namespace {

constexpr size_t kGrantIdBytes = 32;

bool is_same(const keys::Grant& one, const keys::Grant& other) {
  return one.name == other.name && one.grantee == other.grantee && one.retiring == other.retiring &&
         one.operations == other.operations && one.context_equals == other.context_equals &&
         one.context_subset == other.context_subset;
}

}  // namespace

// AWS: one that has a name and is there already is answered again. See create_grant.test.
Task<CreateGrantResponse> create_grant(Kms& kms, wire::Call& call, CreateGrantRequest in) {
  store::Txn txn = kms.db.begin();
  CO_TRY(check_grants(kms, in.grant_tokens()));
  CO_TRY(const keys::MasterKey key, find_key(txn, call.realm, in.key_id()));
  CO_TRY(check_usable(key));
  CO_TRY(keys::Grant grant, wanted_grant(call, key, in));
  size_t count = 0;
  const store::Range of_key{.prefix = store::key_prefix(key.realm, key.id)};
  CO_TRY(txn.each(keys::kGrants, of_key, [&grant, &count](const keys::Grant& there) {
    ++count;
    if (!grant.name.empty() && is_same(grant, there)) grant.id = there.id;
    return true;
  }));
  CO_TRY(check_dry_run(in.dry_run()));
  auto out = call.make<CreateGrantResponse>();
  if (grant.id.empty()) {
    if (count >= kGrantsMax) {
      co_return fail(errors::limit_exceeded("The key has as many grants as a key may have"));
    }
    grant.id = kms.keyring.random().hex(kGrantIdBytes);
    grant.created = kms.clock.now();
    txn.put(keys::kGrants, grant);
    CO_TRY(co_await txn.commit());
  }
  out.set_grant_id(grant.id);
  out.set_grant_token(token_of(grant));
  co_return out;
}

}  // namespace millrace::kms
