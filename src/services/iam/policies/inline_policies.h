// Inline policies and attachments: what the operations on users and on roles have in common.
#pragma once

#include "services/iam/paging.h"

namespace millrace::iam {

// Refuses a malformed document and more bytes than the holder may have; puts the policy.
Result<void> put_inline_policy(store::Txn& txn, const policy::Holder& holder, std::string_view name,
                               std::string_view document);
// Errors: NoSuchEntity.
Result<policy::InlinePolicy> find_inline_policy(store::Txn& txn, const policy::Holder& holder,
                                                std::string_view name);

// Attaches; again is no error. Errors: InvalidInput, NoSuchEntity, LimitExceeded.
Result<void> attach_policy(store::Txn& txn, const policy::Holder& holder, std::string_view arn,
                           const Quota& quota);
// Errors: InvalidInput, NoSuchEntity (not attached).
Result<void> detach_policy(store::Txn& txn, const policy::Holder& holder, std::string_view arn);

Bytes prefix_of(const policy::Holder& holder);

template <class Out, class In>
Result<Out> list_inline(store::Txn& txn, wire::Call& call, const policy::Holder& holder,
                        const In& in) {
  TRY(const Page<policy::InlinePolicy> page,
      read_page(txn, policy::kInlinePolicies, prefix_of(holder), in));
  auto out = call.make<Out>();
  const auto names = out.make_policy_names();
  for (const policy::InlinePolicy& row : page.rows) names.append(row.name);
  close_page(out, page.marker);
  return out;
}

template <class Out, class In>
Result<Out> list_attached(store::Txn& txn, wire::Call& call, const policy::Holder& holder,
                          const In& in) {
  const std::string_view path = in.path_prefix("/");
  const auto admit = [path](const policy::Attachment& row) {
    const auto name = policy::parse_policy_arn(row.policy_arn);
    return name && name->path.starts_with(path);
  };
  TRY(const Page<policy::Attachment> page,
      read_page(txn, policy::kAttachments, prefix_of(holder), in, admit));
  auto out = call.make<Out>();
  const auto attached = out.make_attached_policies();
  for (const policy::Attachment& row : page.rows) {
    const api::AttachedPolicy shown = attached.append();
    shown.set_policy_name(row.policy_name);
    shown.set_policy_arn(row.policy_arn);
  }
  close_page(out, page.marker);
  return out;
}

}  // namespace millrace::iam
