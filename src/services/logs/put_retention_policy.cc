#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "services/logs/logs.h"

namespace millrace::logs {
namespace {

constexpr std::array<int64_t, 22> kDays{1,    3,    5,    7,    14,   30,  60,  90,
                                        120,  150,  180,  365,  400,  545, 731, 1096,
                                        1827, 2192, 2557, 2922, 3288, 3653};

}  // namespace

Task<void> put_retention_policy(Logs& logs, wire::Call& call, PutRetentionPolicyRequest in) {
  const int64_t days = in.retention_in_days();
  if (std::ranges::find(kDays, days) == kDays.end()) {
    co_return fail(errors::invalid_parameter(fmt::format(
        "1 validation error detected: Value '{}' at 'retentionInDays' failed to satisfy "
        "constraint: Member must satisfy enum value set: [{}]",
        days, fmt::join(kDays, ", "))));
  }
  const std::string group(in.log_group_name());
  co_return named(co_await logs.logs.set_retention(call.realm, group, days));
}

}  // namespace millrace::logs
