// Any policy, any fields: what is admitted has no field that the policy does not name.
#include <cstdlib>

#include "base/bytes.h"
#include "services/s3/post_policy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)s3::parse_post_policy(text);
  const auto policy = s3::parse_post_policy(to_base64(text));
  if (!policy) return 0;
  const std::vector<std::pair<std::string, std::string>> fields = {{"key", "a"}, {"strange", ""}};
  const bool admitted =
      s3::check_post_policy(*policy, fields, "b", policy->expiration - microseconds(1)).has_value();
  bool named = false;
  for (const auto& condition : policy->conditions) named = named || condition.field == "strange";
  if (admitted && !named) std::abort();
  (void)s3::check_post_size(*policy, size, true);
  return 0;
}
