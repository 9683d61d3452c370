#include "services/sts/sts.h"

namespace millrace::sts {

void write_credentials(api::Credentials out, const policy::Session& session) {
  out.set_access_key_id(session.access_key_id);
  out.set_secret_access_key(session.secret);
  out.set_session_token(session.token);
  out.set_expiration(session.expires);
}

Error mfa_failed() {
  return {ErrorKind::denied,
          "MultiFactorAuthentication failed with invalid MFA one time pass code.", "AccessDenied",
          403};
}

}  // namespace millrace::sts
