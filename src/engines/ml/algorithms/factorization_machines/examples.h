// The examples of a channel: kept in memory after the first reading where they fit, else read anew
// for every epoch.
//
// Not thread-safe; what it is made from outlives it. Errors: the channel's.
#pragma once

#include <optional>
#include <vector>

#include "engines/ml/algorithms/factorization_machines/training.h"
#include "engines/ml/channel_ahead.h"

namespace millrace::ml::factorization_machines {

// Bytes that a batch takes.
uint64_t bytes_of(const RowBatch& batch);

// All rows, in the order of the files. Nothing where they take more than `bytes_max`.
Result<std::optional<RowBatch>> read_rows(ChannelAhead& channel, uint64_t bytes_max);

void append_rows(const RowBatch& from, RowBatch& to);

// The rows in an order that is drawn from `seed`.
RowBatch shuffled(const RowBatch& rows, uint64_t seed);

// Moves every `part`th row (the last of each group) out of `rows`.
RowBatch hold_out(RowBatch& rows, size_t part);

// Rows in memory, as a source.
class RowsSource final : public ExampleSource {
 public:
  explicit RowsSource(const RowBatch& rows) : rows_(rows) {}

  void rewind() override { next_ = 0; }
  Result<const RowBatch*> read(size_t rows) override;

 private:
  const RowBatch& rows_;
  size_t next_ = 0;
  RowBatch batch_;
};

// A channel that goes through its batches from memory once it has read them all, if they all had
// the same number of rows asked for and fit into `bytes_max`.
class ChannelSource final : public ExampleSource {
 public:
  ChannelSource(ChannelAhead& channel, uint64_t bytes_max)
      : channel_(channel), bytes_max_(bytes_max) {}

  void rewind() override;
  Result<const RowBatch*> read(size_t rows) override;
  // All of them, where they are kept in memory by now; else none.
  std::vector<const RowBatch*> kept() const;

 private:
  void keep();

  ChannelAhead& channel_;
  const uint64_t bytes_max_;
  std::vector<RowBatch> kept_;
  uint64_t kept_bytes_ = 0;
  bool fits_ = true;  // As far as is known.
  bool keeping_ = true;
  bool complete_ = false;
  size_t next_ = 0;
  RowBatch batch_;
  const RowBatch end_;
};

}  // namespace millrace::ml::factorization_machines
