// The limits of engines/keys. Beyond them an operation answers `invalid` or `exhausted`.
#pragma once

#include <chrono>
#include <cstddef>

namespace millrace::keys {

inline constexpr size_t kPlaintextBytesMax = 4096;  // Of one ciphertext.
inline constexpr size_t kMaterialsMax = 1024;       // Versions of one key.
inline constexpr std::chrono::days kRotationPeriodDefault{365};

}  // namespace millrace::keys
