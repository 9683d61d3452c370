#include <fmt/format.h>

#include "services/kms/kms.h"

namespace millrace::kms {

Error no_such_alias(const Realm& realm, std::string_view name) {
  return errors::not_found(fmt::format("Alias {} is not found.", alias_arn(realm, name)));
}

Error access_denied(const wire::Call& call, std::string_view action, std::string_view arn) {
  return {ErrorKind::denied,
          fmt::format("User: {} is not authorized to perform: kms:{} on resource: {} because no "
                      "resource-based policy allows the kms:{} action",
                      call.principal.arn, action, arn, action),
          "AccessDeniedException", 400};
}

Error unsupported(std::string message) { return errors::unsupported_operation(std::move(message)); }

}  // namespace millrace::kms
