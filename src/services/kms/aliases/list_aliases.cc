#include "services/kms/aliases/aliases.h"
#include "services/kms/paging.h"

namespace millrace::kms {
namespace {

constexpr int64_t kAliasesDefault = 50;

void write_alias(const api::AliasListEntry& out, const keys::Alias& alias) {
  out.set_alias_name(alias.name);
  out.set_alias_arn(alias_arn(alias.realm, alias.name));
  out.set_target_key_id(alias.target);
  out.set_creation_date(alias.created);
  out.set_last_updated_date(alias.updated);
}

}  // namespace

// DIVERGES: aliases of AWS's services that have no key yet are not listed.
Task<ListAliasesResponse> list_aliases(Kms& kms, wire::Call& call, ListAliasesRequest in) {
  store::Txn txn = kms.db.begin();
  auto out = call.make<ListAliasesResponse>();
  const auto listed = out.make_aliases();
  if (!in.has_key_id()) {
    CO_TRY(const Page<keys::Alias> page,
           read_page(txn, keys::kAliases, store::key_prefix(call.realm), in, kAliasesDefault));
    for (const keys::Alias& alias : page.rows) write_alias(listed.append(), alias);
    close_page(out, page.marker);
    co_return out;
  }
  CO_TRY(const keys::MasterKey key, find_key_by_id(txn, call.realm, in.key_id()));
  CO_TRY(const Page<keys::AliasOfKey> page,
         read_page(txn, keys::kAliasesOfKeys, store::key_prefix(call.realm, key.id), in,
                   kAliasesDefault));
  for (const keys::AliasOfKey& row : page.rows) {
    CO_TRY(const keys::Alias alias, find_alias(txn, call.realm, row.name));
    write_alias(listed.append(), alias);
  }
  close_page(out, page.marker);
  co_return out;
}

}  // namespace millrace::kms
