#include <fmt/format.h>

#include "engines/policy/document.h"
#include "engines/policy/permissions.h"
#include "services/sts/sts.h"

namespace millrace::sts {
namespace {

constexpr seconds kDefaultDuration{3'600};
constexpr seconds kChainedDurationMax{3'600};

Error not_authorized(const wire::Call& call, std::string_view role_arn) {
  return {ErrorKind::denied,
          fmt::format("User: {} is not authorized to perform: sts:AssumeRole on resource: {}",
                      call.principal.arn, role_arn),
          "AccessDenied", 403};
}

// The role of that ARN. AWS: one that does not exist is answered like one that may not be assumed.
// DIVERGES: a role of another account may not be assumed, whatever its trust policy says.
Result<policy::Role> assumable(store::Txn& txn, const wire::Call& call, const Arn& arn,
                               std::string_view role_arn) {
  if (!arn.valid() || arn.service != "iam" || !arn.resource.starts_with("role/")) {
    return fail(ErrorKind::invalid, fmt::format("{} is invalid", role_arn));
  }
  const std::string name = arn.resource.substr(arn.resource.rfind('/') + 1);
  TRY(std::optional<policy::Role> role, txn.find(policy::kRoles, {arn.account, name}));
  const bool same = role && arn.resource == fmt::format("role{}{}", role->path, role->name);
  if (!same || arn.account != call.principal.account) return fail(not_authorized(call, role_arn));
  return std::move(*role);
}

Result<void> check_request(const wire::Call& call, const AssumeRoleRequest& in,
                           const policy::Role& role, seconds duration) {
  if (in.has_serial_number() || in.has_token_code()) return fail(mfa_failed());
  if (in.has_policy()) {
    const auto checked = policy::check_document(in.policy(), policy::DocumentKind::identity);
    if (!checked) return fail(errors::malformed_policy_document(checked.error().message));
  }
  if (duration.count() > role.max_session_seconds) {
    return fail(ErrorKind::invalid,
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  }
  const bool chained = call.principal.arn.find(":assumed-role/") != std::string::npos;
  if (chained && duration > kChainedDurationMax) {
    return fail(ErrorKind::invalid,
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed "
                "by role chaining");
  }
  return {};
}

// The documents that limit the session: those of the request, by text and by ARN.
Result<std::vector<std::string>> session_policies(store::Txn& txn, const AssumeRoleRequest& in,
                                                  const std::string& account) {
  std::vector<std::string> out;
  if (in.has_policy()) out.emplace_back(in.policy());
  for (const api::PolicyDescriptorType given : in.policy_arns()) {
    const std::optional<policy::PolicyName> name = policy::parse_policy_arn(given.arn());
    if (!name) return fail(ErrorKind::invalid, fmt::format("ARN {} is not valid.", given.arn()));
    TRY(const bool exists, policy::policy_exists(txn, account, *name));
    TRY(std::string document, policy::managed_document(txn, account, *name));
    if (!exists || document.empty()) {
      return fail(errors::malformed_policy_document(
          fmt::format("The policy {} does not exist or its document is not known.", given.arn())));
    }
    out.push_back(std::move(document));
  }
  return out;
}

}  // namespace

// DIVERGES: root may assume roles, and who may is not evaluated within an account.
Task<AssumeRoleResponse> assume_role(Sts& sts, wire::Call& call, AssumeRoleRequest in) {
  const Arn arn = parse_arn(in.role_arn());
  store::Txn txn = sts.db.begin();
  CO_TRY(const policy::Role role, assumable(txn, call, arn, in.role_arn()));
  const seconds duration{in.duration_seconds(kDefaultDuration.count())};
  CO_TRY(check_request(call, in, role, duration));
  policy::SessionRequest request{.account = role.account,
                                 .user = {},
                                 .role = role.name,
                                 .session_name = std::string(in.role_session_name()),
                                 .duration = duration};
  CO_TRY(request.policies, session_policies(txn, in, role.account));
  Result<policy::Session> made = co_await sts.identities.start_session(std::move(request));
  if (!made && made.error().kind == ErrorKind::not_found) {  // Deleted meanwhile.
    co_return fail(not_authorized(call, in.role_arn()));
  }
  CO_TRY(const policy::Session session, std::move(made));
  auto out = call.make<AssumeRoleResponse>();
  write_credentials(out.make_credentials(), session);
  auto assumed = out.make_assumed_role_user();
  assumed.set_assumed_role_id(session.role_id + ":" + session.session_name);
  assumed.set_arn(fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", session.account, session.role,
                              session.session_name));
  if (in.has_source_identity()) out.set_source_identity(in.source_identity());
  co_return out;
}

}  // namespace millrace::sts
