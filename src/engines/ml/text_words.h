// The words of lines of text, and the numbers that they are: the separators are found 64 bytes at
// a time in vectors, so that the numbers between them can be read side by side, and not each only
// when the end of the last is known. Compiled for each kind of processor.
//
// Pure apart from what is given to be written. kDecimalSlack bytes around a text are read
// (decimal.h), which is shorter than 2^32 - 1 bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace millrace::ml {

// How many bytes of [begin, end) are `separator`. Where they are, from `begin`, and then the line's
// length, become the values of `places` from [1] on; [0] + 1 is 0. `places` grows as it has to, and
// never shrinks.
size_t find_separators(const char* begin, const char* end, char separator,
                       std::vector<uint32_t>& places);

// Where whole lines have their separators, from the begin of the first.
struct FeaturePlaces {
  std::vector<uint32_t> feeds;  // Of each line its '\n'.
  std::vector<uint32_t>
      breaks;  // Blanks, and where lines end: '\n', or the blank or '\r' before it.
  std::vector<uint32_t> colons;
  // By line: how many breaks and colons there are up to its end.
  std::vector<uint32_t> breaks_to;
  std::vector<uint32_t> colons_to;
};

// Finds those of the lines within [begin, end), which ends with one, or of the first `lines_max`:
// how many they are. Of lines `label index:value index:value` the colon n of the line lies between
// its breaks n and n + 1. The vectors never shrink; what is behind the last place may be read.
size_t find_features(const char* begin, const char* end, size_t lines_max, FeaturePlaces& places);

// Words of a text: word n reaches from behind befores[n] to ends[n].
struct Words {
  const char* text = nullptr;
  const uint32_t* befores = nullptr;
  const uint32_t* ends = nullptr;

  const char* begin(size_t n) const { return text + (befores[n] + 1u); }
  const char* end(size_t n) const { return text + ends[n]; }
};

// Reads words [0, count) into `out`, as read_decimal() and read_whole() do. Answers those that they
// do not read, in `others` and in any order; what is written for them means nothing.
std::span<const uint32_t> read_decimals(const Words& words, size_t count, float* out,
                                        std::vector<uint32_t>& others);
std::span<const uint32_t> read_wholes(const Words& words, size_t count, uint32_t* out,
                                      std::vector<uint32_t>& others);

}  // namespace millrace::ml
