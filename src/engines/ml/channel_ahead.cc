#include "engines/ml/channel_ahead.h"

namespace millrace::ml {

void ChannelAhead::rewind() {
  ahead_.stop();
  channel_.rewind();
  rows_.reset();
}

Result<void> ChannelAhead::read(size_t rows, RowBatch& batch) {
  if (!rows_) {
    rows_ = rows;
    ahead_.start([this, rows](RowBatch& next) -> Result<bool> {
      TRY(channel_.read(rows, next));
      return !next.empty();
    });
  }
  ASSERT(rows == *rows_);
  Result<bool> taken = ahead_.take(batch);
  if (!taken || !*taken) batch.clear();
  if (!taken) return fail(std::move(taken).error());
  return ok;
}

}  // namespace millrace::ml
