#include <fmt/format.h>

#include "services/sts/sts.h"

namespace millrace::sts {
namespace {

constexpr seconds kDefaultDuration{3'600};

Error not_authorized(const wire::Call& call, std::string_view role_arn) {
  return {ErrorKind::denied,
          fmt::format("User: {} is not authorized to perform: sts:AssumeRole on resource: {}",
                      call.principal.arn, role_arn),
          "AccessDenied", 403};
}

}  // namespace

// AWS: a role that does not exist is answered like one that may not be assumed.
Task<AssumeRoleResponse> assume_role(Sts& sts, wire::Call& call, AssumeRoleRequest in) {
  const Arn arn = parse_arn(in.role_arn());
  if (!arn.valid() || arn.service != "iam" || !arn.resource.starts_with("role/")) {
    co_return fail(ErrorKind::invalid, fmt::format("{} is invalid", in.role_arn()));
  }
  const std::string name = arn.resource.substr(arn.resource.rfind('/') + 1);
  store::Txn txn = sts.db.begin();
  CO_TRY(const std::optional<policy::Role> role, txn.find(policy::kRoles, {arn.account, name}));
  if (!role) co_return fail(not_authorized(call, in.role_arn()));
  const seconds duration{in.duration_seconds(kDefaultDuration.count())};
  if (duration.count() > role->max_session_seconds) {
    co_return fail(
        ErrorKind::invalid,
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  }
  policy::SessionRequest request{.account = arn.account,
                                 .user = {},
                                 .role = name,
                                 .session_name = std::string(in.role_session_name()),
                                 .duration = duration};
  CO_TRY(const policy::Session session, co_await sts.identities.start_session(std::move(request)));
  auto out = call.make<AssumeRoleResponse>();
  write_credentials(out.make_credentials(), session);
  auto assumed = out.make_assumed_role_user();
  assumed.set_assumed_role_id(session.role_id + ":" + session.session_name);
  assumed.set_arn(fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", session.account, session.role,
                              session.session_name));
  out.set_packed_policy_size(0);
  co_return out;
}

}  // namespace millrace::sts
