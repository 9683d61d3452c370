#include "engines/policy/aws_managed.h"
#include "services/iam/paging.h"
#include "services/iam/views.h"

namespace millrace::iam {
namespace {

// The account's own policies come first. A marker begins with whose policy it is.
constexpr char kLocal = 'L';
constexpr char kAws = 'A';

struct Listing {
  const ListPoliciesRequest& in;
  const std::string& account;
  store::Txn& txn;
  wire::List<api::Policy> out;
  int64_t left;
  std::string marker = {};

  bool admits_use(const policy::Uses& uses) const {
    if (in.policy_usage_filter() == "PermissionsBoundary") return uses.boundaries > 0;
    return !in.only_attached() || uses.attachments > 0;
  }
};

Result<void> list_local(Listing& listing, std::string_view marker) {
  const std::string_view path = listing.in.path_prefix("/");
  std::optional<Error> failed;
  const auto admit = [&](const policy::ManagedPolicy& row) {
    if (!row.path.starts_with(path)) return false;
    const auto uses =
        policy::count_uses(listing.txn, listing.account, {row.account, row.path, row.name});
    if (!uses) failed = uses.error();
    return !uses || listing.admits_use(*uses);
  };
  TRY(const Page<policy::ManagedPolicy> page,
      read_page(listing.txn, policy::kManagedPolicies, store::key_prefix(listing.account), marker,
                listing.left, admit));
  if (failed) return fail(std::move(*failed));
  for (const policy::ManagedPolicy& row : page.rows) {
    TRY(const policy::Uses uses,
        policy::count_uses(listing.txn, listing.account, {row.account, row.path, row.name}));
    write_policy(listing.out.append(), row, uses, Detail::listed);
  }
  listing.left -= static_cast<int64_t>(page.rows.size());
  if (!page.marker.empty()) listing.marker = kLocal + page.marker;
  return {};
}

// `last` is the name behind which the page begins.
Result<void> list_aws(Listing& listing, std::string_view last) {
  const std::string_view path = listing.in.path_prefix("/");
  for (const policy::AwsManagedPolicy& row : policy::aws_managed_policies()) {
    if (!last.empty() && row.name <= last) continue;
    if (!row.path.starts_with(path)) continue;
    const policy::PolicyName name{std::string(policy::kAwsOwner), std::string(row.path),
                                  std::string(row.name)};
    TRY(const policy::Uses uses, policy::count_uses(listing.txn, listing.account, name));
    if (!listing.admits_use(uses)) continue;
    if (listing.left == 0) {
      listing.marker = kAws + std::string(last);
      return {};
    }
    write_aws_policy(listing.out.append(), name, uses);
    --listing.left;
    last = row.name;
  }
  return {};
}

}  // namespace

Task<ListPoliciesResponse> list_policies(Iam& iam, wire::Call& call, ListPoliciesRequest in) {
  const std::string_view scope = in.scope("All");
  const std::string_view marker = in.marker();
  if (!marker.empty() && marker[0] != kLocal && marker[0] != kAws) {
    co_return fail(invalid_marker());
  }
  store::Txn txn = iam.db.begin();
  auto out = call.make<ListPoliciesResponse>();
  Listing listing{in, call.realm.account, txn, out.make_policies(), in.max_items(kItemsDefault)};
  const bool in_aws = !marker.empty() && marker[0] == kAws;
  if (scope != "AWS" && !in_aws) {
    CO_TRY(list_local(listing, marker.empty() ? marker : marker.substr(1)));
  }
  if (scope != "Local" && listing.marker.empty()) {
    CO_TRY(list_aws(listing, in_aws ? marker.substr(1) : std::string_view()));
  }
  close_page(out, listing.marker);
  co_return out;
}

}  // namespace millrace::iam
