#include "services/sts/sts.h"

namespace millrace::sts {
namespace {

constexpr seconds kDefaultDuration{43'200};
constexpr seconds kRootDurationMax{3'600};  // AWS: longer ones are shortened for root.

}  // namespace

// AWS: temporary credentials may not ask for more of them. See get_session_token.test.
Task<GetSessionTokenResponse> get_session_token(Sts& sts, wire::Call& call,
                                                GetSessionTokenRequest in) {
  if (call.principal.access_key_id.starts_with("ASIA")) {
    co_return fail({ErrorKind::denied, "Cannot call GetSessionToken with session credentials",
                    "AccessDenied", 403});
  }
  if (in.has_serial_number() || in.has_token_code()) co_return fail(mfa_failed());
  seconds duration{in.duration_seconds(kDefaultDuration.count())};
  if (call.principal.root && duration > kRootDurationMax) duration = kRootDurationMax;
  const std::string& arn = call.principal.arn;
  policy::SessionRequest request{.account = call.principal.account,
                                 .user = call.principal.root ? "" : arn.substr(arn.rfind('/') + 1),
                                 .role = {},
                                 .session_name = {},
                                 .duration = duration};
  CO_TRY(const policy::Session session, co_await sts.identities.start_session(std::move(request)));
  auto out = call.make<GetSessionTokenResponse>();
  write_credentials(out.make_credentials(), session);
  co_return out;
}

}  // namespace millrace::sts
