// The examples by feature, for solvers that work on one feature after another: where each occurs,
// which belong together, and which may be worked on side by side.
//
// A value; reading is thread-safe. What it is made from need not outlive it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engines/ml/rows.h"

namespace millrace::ml::factorization_machines {

// A feature that occurs, and the rows it occurs in, ascending.
struct Column {
  uint32_t feature = 0;
  uint32_t group = 0;
  std::span<const uint32_t> rows;
  std::span<const float> values;

  size_t size() const { return rows.size(); }
  Column part(size_t first, size_t count) const {
    return {feature, group, rows.subspan(first, count), values.subspan(first, count)};
  }
};

class Columns {
 public:
  // `fields`: the first feature of each group; empty: groups are found. A run of features of which
  // every row has exactly one is a group (users; items), and so is whatever lies between such runs
  // (the words of a text).
  Columns(const RowBatch& rows, uint64_t feature_dim, std::span<const uint64_t> fields);

  size_t size() const { return features_.size(); }
  Column column(size_t at) const;

  // The first feature of each group, ascending from 0.
  std::span<const uint64_t> groups() const { return groups_; }
  uint32_t group_of(uint64_t feature) const;

  // Numbers of columns; those of one set have no row in common, and are of one group. The most
  // frequent come first. The set of the most columns is the last one.
  std::span<const std::vector<uint32_t>> sets() const { return sets_; }

 private:
  void transpose(const RowBatch& rows, uint64_t feature_dim);
  void find_groups(size_t rows);
  void find_sets(size_t rows);
  void add_sets(std::span<const uint32_t> columns, std::vector<uint64_t>& taken);

  std::vector<uint32_t> features_;
  std::vector<uint32_t> group_of_column_;
  std::vector<size_t> begins_;  // Of each column, and where the last one ends.
  std::vector<uint32_t> rows_;
  std::vector<float> values_;
  std::vector<uint64_t> groups_;
  std::vector<std::vector<uint32_t>> sets_;
};

}  // namespace millrace::ml::factorization_machines
