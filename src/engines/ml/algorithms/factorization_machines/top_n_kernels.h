// The scan of an item index in vectors of the widest kind that the processor has; VNNI's dot
// products of bytes where it has them.
//
// Pure apart from what they are given to write.
#pragma once

#include <cstddef>
#include <cstdint>

namespace millrace::ml::factorization_machines {

inline constexpr size_t kScanBlock = 16;  // Items that have a bound together.
inline constexpr size_t kScanGroup = 8;   // Factors that lie together, in four bytes.
inline constexpr size_t kScanSheet = 4;   // Blocks that are looked at together.

// For each item i of block b, with p the sum over factors of (2 code - 15) * the user's code:
//   at most p * scale_i * user_scale + bias_i + bound_b
// where bound_b = residual_factor * bounds[2b] + norm_factor * bounds[2b + 1] + least + a share of
// |bias_i|. Codes have four bits: byte j of an item's four has factor j of the group in its lower
// half and factor j + 4 in its upper one. They lie by sheet, group, block of the sheet and item, so
// that a scan reads them from the first to the last.
struct ScanTable {
  const uint8_t* codes = nullptr;
  const float* scales = nullptr;
  const float* biases = nullptr;
  const float* bounds = nullptr;
  const uint64_t* allowed = nullptr;   // A word a sheet: its items; nullptr: all.
  const int32_t* user = nullptr;       // By half of a group: its 4 codes, as signed bytes.
  const int32_t* user_even = nullptr;  // Codes 0 and 2, as 16 bits each.
  const int32_t* user_odd = nullptr;   // Codes 1 and 3.
  size_t groups = 0;
  int32_t offset = 0;  // 15 times the sum of the user's codes.
  float user_scale = 0;
  float residual_factor = 0;
  float norm_factor = 0;
  float bias_factor = 0;
  float least = 0;
};

// The first sheet in [begin, end) of which an allowed item may score more than `threshold`; `mask`
// has a bit for each such item. `end` where there is none.
size_t scan_items(const ScanTable& table, size_t begin, size_t end, float threshold,
                  uint64_t* mask);

// Of two rows of `width` floats, a multiple of 16. Always the same for the same two rows.
float dot_rows(const float* a, const float* b, size_t width);

}  // namespace millrace::ml::factorization_machines
