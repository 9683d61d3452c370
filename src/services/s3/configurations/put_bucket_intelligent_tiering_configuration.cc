#include <algorithm>

#include "services/s3/configurations/identified.h"

namespace millrace::s3 {
namespace {

constexpr int64_t kArchiveDaysMin = 90;
constexpr int64_t kDeepArchiveDaysMin = 180;
constexpr int64_t kDaysMax = 730;

// AWS: how long an object must have been left alone, by tier, each of which is named once. See
// put_bucket_intelligent_tiering_configuration.test.
Result<void> check_tierings(const api::IntelligentTieringConfiguration& wanted) {
  std::vector<std::string_view> named;
  for (const api::Tiering tiering : wanted.tierings()) {
    const bool deep = tiering.access_tier() == "DEEP_ARCHIVE_ACCESS";
    if (tiering.days() < (deep ? kDeepArchiveDaysMin : kArchiveDaysMin) ||
        tiering.days() > kDaysMax) {
      return fail(invalid_argument("Invalid Argument", "Days", std::to_string(tiering.days())));
    }
    if (std::ranges::find(named, tiering.access_tier()) != named.end()) {
      return fail(problem(Problem::malformed_xml));
    }
    named.push_back(tiering.access_tier());
  }
  if (named.empty()) return fail(problem(Problem::malformed_xml));
  return {};
}

}  // namespace

// DIVERGES: the configuration is kept and answered; no object becomes archived by not being read.
Task<void> put_bucket_intelligent_tiering_configuration(
    S3& s3, wire::Call& call, PutBucketIntelligentTieringConfigurationRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const api::IntelligentTieringConfiguration wanted = in.intelligent_tiering_configuration();
  CO_TRY(check_configuration_id(in.id(), wanted.id()));
  CO_TRY(check_configuration_filter(wanted.filter()));
  CO_TRY(check_tierings(wanted));
  const ConfigurationId id{in.bucket(), configuration::kIntelligentTiering, in.id()};
  co_return co_await put_configuration(s3, id, wanted);
}

}  // namespace millrace::s3
