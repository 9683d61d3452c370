#include "engines/ml/algorithms/factorization_machines/examples.h"

#include <numeric>
#include <utility>

#include "engines/ml/generator.h"
#include "engines/ml/limits.h"

namespace millrace::ml::factorization_machines {
namespace {

constexpr size_t kRowsAtOnce = 4096;

// Whatever is kept has fewer rows and non-zeros than 32 bits number: a row takes an end and a
// label, a non-zero an index and a value.
static_assert(kMemoryBytesMax / (sizeof(size_t) + sizeof(float)) < (uint64_t{1} << 32));
static_assert(kMemoryBytesMax / (sizeof(uint32_t) + sizeof(float)) < (uint64_t{1} << 32));
static_assert(kKeptBytesMax <= kMemoryBytesMax);

void append(const RowBatch& from, size_t at, RowBatch& to) {
  const RowView row = from.row(at);
  to.indices.insert(to.indices.end(), row.indices.begin(), row.indices.end());
  to.values.insert(to.values.end(), row.values.begin(), row.values.end());
  to.end_row(from.label(at));
  if (from.importance(at) != 1) to.weigh_last_row(from.importance(at));
}

}  // namespace

uint64_t bytes_of(const RowBatch& batch) {
  return batch.indices.size() * (sizeof(uint32_t) + sizeof(float)) +
         batch.size() * (sizeof(size_t) + sizeof(float));
}

void append_rows(const RowBatch& from, RowBatch& to) {
  for (size_t at = 0; at < from.size(); ++at) append(from, at, to);
}

Result<std::optional<RowBatch>> read_rows(ChannelAhead& channel, uint64_t bytes_max) {
  RowBatch all;
  RowBatch batch;
  channel.rewind();
  for (;;) {
    TRY(channel.read(kRowsAtOnce, batch));
    if (batch.empty()) return std::optional(std::move(all));
    append_rows(batch, all);
    if (bytes_of(all) > bytes_max) return std::optional<RowBatch>();
  }
}

RowBatch shuffled(const RowBatch& rows, uint64_t seed) {
  std::vector<uint32_t> order(rows.size());
  std::iota(order.begin(), order.end(), 0u);
  Generator generator(seed);
  for (size_t at = order.size(); at > 1; --at) {
    std::swap(order[at - 1], order[generator.below(at)]);
  }
  RowBatch out;
  out.indices.reserve(rows.indices.size());
  out.values.reserve(rows.values.size());
  for (const uint32_t at : order) append(rows, at, out);
  return out;
}

RowBatch hold_out(RowBatch& rows, size_t part) {
  RowBatch kept;
  RowBatch held;
  for (size_t at = 0; at < rows.size(); ++at) {
    append(rows, at, at % part == part - 1 ? held : kept);
  }
  rows = std::move(kept);
  return held;
}

Result<const RowBatch*> RowsSource::read(size_t rows) {
  batch_.clear();
  for (; batch_.size() < rows && next_ < rows_.size(); ++next_) append(rows_, next_, batch_);
  return &batch_;
}

void ChannelSource::rewind() {
  next_ = 0;
  if (!complete_) {
    channel_.rewind();
    kept_.clear();
    kept_bytes_ = 0;
    keeping_ = fits_;
  }
}

Result<const RowBatch*> ChannelSource::read(size_t rows) {
  if (complete_) return next_ < kept_.size() ? &kept_[next_++] : &end_;
  TRY(channel_.read(rows, batch_));
  if (batch_.empty()) {
    complete_ = keeping_;
    next_ = kept_.size();
    return &end_;
  }
  if (keeping_) keep();
  return &batch_;
}

std::vector<const RowBatch*> ChannelSource::kept() const {
  std::vector<const RowBatch*> out;
  if (!complete_) return out;
  for (const RowBatch& batch : kept_) out.push_back(&batch);
  return out;
}

void ChannelSource::keep() {
  kept_bytes_ += bytes_of(batch_);
  if (kept_bytes_ <= bytes_max_) {
    kept_.push_back(batch_);
    return;
  }
  keeping_ = fits_ = false;
  kept_.clear();
  kept_.shrink_to_fit();
}

}  // namespace millrace::ml::factorization_machines
