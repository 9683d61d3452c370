// A channel that is read on a thread of its own, a few batches ahead, so that reading and parsing
// overlap with training. The batches are those that the channel itself would give: in the same
// order, cut at the same rows.
//
// Not thread-safe: one thread rewinds and reads. Limits: `batches` batches wait. Errors: the
// channel's, where they are reached.
#pragma once

#include <cstddef>
#include <optional>

#include "engines/ml/channel.h"
#include "engines/ml/rows.h"
#include "runtime/read_ahead.h"

namespace millrace::ml {

class ChannelAhead {
 public:
  static constexpr size_t kBatches = 3;

  explicit ChannelAhead(Channel channel, size_t batches = kBatches)
      : channel_(std::move(channel)), ahead_("read-ahead", batches) {}

  // Goes back to the first example; of a pipe, on to the next epoch. Waits for the batch that is
  // being read.
  void rewind();
  // As Channel::read(). `rows` stays the same from one rewind() to the next.
  Result<void> read(size_t rows, RowBatch& batch);
  // As Channel::places(), once read() has come to the end.
  ExamplePlaces places() const { return channel_.places(); }

 private:
  Channel channel_;
  std::optional<size_t> rows_;  // Of a batch, once reading has begun.
  runtime::ReadAhead<RowBatch> ahead_;
};

}  // namespace millrace::ml
