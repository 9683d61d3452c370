// AWS's quotas and sizes. Source: KMS Developer Guide, "Quotas"; API Reference.
#pragma once

#include <cstddef>
#include <cstdint>

namespace millrace::kms {

inline constexpr size_t kTagsPerKey = 50;
inline constexpr size_t kAliasesPerKey = 50;
inline constexpr size_t kPolicyBytesMax = 32 * 1024;
inline constexpr size_t kContextBytesMax = 8 * 1024;
inline constexpr int64_t kPendingDaysMin = 7;
inline constexpr int64_t kPendingDaysMax = 30;
inline constexpr int64_t kPendingDaysDefault = 30;
inline constexpr size_t kDemandedRotationsMax = 10;
inline constexpr size_t kGrantsMax = 50'000;  // Of a key.

}  // namespace millrace::kms
