#include "services/iam/policies/policy_versions.h"

#include <fmt/format.h>

#include <charconv>

namespace millrace::iam {

Result<policy::PolicyVersion> find_version(store::Txn& txn, const policy::ManagedPolicy& row,
                                           std::string_view version_id) {
  int64_t number = 0;
  const char* const end = version_id.data() + version_id.size();
  const bool named = version_id.starts_with('v');
  const auto [stopped, code] = std::from_chars(version_id.data() + (named ? 1 : 0), end, number);
  if (named && code == std::errc() && stopped == end) {
    TRY(std::optional<policy::PolicyVersion> found,
        txn.find(policy::kPolicyVersions, {row.account, row.name, number}));
    if (found) return std::move(*found);
  }
  return fail(errors::no_such_entity(fmt::format(
      "Policy {} version {} does not exist or is not attachable.", arn_of(row), version_id)));
}

}  // namespace millrace::iam
