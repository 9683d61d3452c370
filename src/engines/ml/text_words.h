// The words of a line of text, and the numbers that they are: the separators are found 64 bytes at
// a time in vectors, so that the numbers between them can be read side by side, and not each only
// when the end of the last is known. Compiled for each kind of processor.
//
// Pure apart from what is given to be written. kDecimalSlack bytes around a line are read
// (decimal.h). Lines are shorter than 2^32 - 1 bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace millrace::ml {

// How many bytes of [begin, end) are `one` or `other`. Where they are, from `begin`, and then the
// line's length, become the values of `places` from [1] on; [0] + 1 is 0. `places` grows as it has
// to, and never shrinks.
size_t find_separators(const char* begin, const char* end, char one, char other,
                       std::vector<uint32_t>& places);

// Words of a line: word n reaches from behind places[n * stride] to places[n * stride + 1].
struct Words {
  const char* line = nullptr;
  const uint32_t* places = nullptr;
  size_t stride = 1;

  const char* begin(size_t n) const { return line + (places[n * stride] + 1u); }
  const char* end(size_t n) const { return line + places[n * stride + 1]; }
};

// Reads words [from, count) into `out` as read_decimal() and read_whole() do, to the first that
// they do not read: its number, or `count`.
size_t read_decimals(const Words& words, size_t from, size_t count, float* out);
size_t read_wholes(const Words& words, size_t from, size_t count, uint32_t* out);

}  // namespace millrace::ml
