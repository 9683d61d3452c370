#include "engines/ml/parquet_examples.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "engines/ml/record.h"
#include "engines/ml/table_rows.h"

namespace millrace::ml {
namespace {

using Kind = TableColumn::Kind;

// Which column is what.
struct Layout {
  size_t label = 0;
  std::optional<size_t> importance;
  std::optional<size_t> indices;  // Of sparse rows.
  std::optional<size_t> values;
  std::vector<size_t> features;  // Of dense ones.
};

std::unexpected<Error> not_of_kind(const TableColumn& column, std::string_view wanted) {
  return fail(ErrorKind::invalid,
              fmt::format("column '{}' is {}, not {}", column.name, column.type, wanted));
}

std::optional<size_t> find_column(const std::vector<TableColumn>& columns, std::string_view name) {
  for (size_t at = 0; at < columns.size(); ++at) {
    if (columns[at].name == name) return at;
  }
  return {};
}

Result<Layout> find_layout(const std::vector<TableColumn>& columns, uint64_t feature_dim) {
  if (columns.empty()) return fail(ErrorKind::invalid, "there are no columns");
  Layout out;
  out.label = find_column(columns, "label").value_or(0);
  out.importance = find_column(columns, "importance");
  out.indices = find_column(columns, "indices");
  if (out.indices) out.values = find_column(columns, "values");
  if (out.importance == out.label || out.indices == out.label || out.values == out.label) {
    return fail(ErrorKind::invalid,
                "there is no label: it is the column named 'label', or the first one");
  }
  for (size_t at = 0; at < columns.size(); ++at) {
    const bool list = at == out.indices || at == out.values;
    if (list && columns[at].kind != Kind::numbers) {
      return not_of_kind(columns[at], "a list of numbers");
    }
    if (list) continue;
    const bool feature = at != out.label && at != out.importance;
    if (feature && out.indices) {
      return fail(ErrorKind::invalid,
                  fmt::format("column '{}' is neither label, importance, indices nor values",
                              columns[at].name));
    }
    if (columns[at].kind != Kind::number) {
      return not_of_kind(columns[at],
                         columns[at].kind == Kind::numbers
                             ? "a number; lists are read as 'indices' and 'values' only"
                             : "a number");
    }
    if (feature) out.features.push_back(at);
  }
  if (!out.indices && out.features.size() != feature_dim) {
    return fail(ErrorKind::invalid,
                fmt::format("the file has {} columns, but feature_dim is {}, beside the label{}",
                            columns.size(), feature_dim, out.importance ? " and importance" : ""));
  }
  return out;
}

class ParquetExamples final : public ExampleReader {
 public:
  ParquetExamples(TableFiles& files, runtime::Path path, RowRules rules)
      : files_(files), path_(std::move(path)), rules_(rules) {}

  Result<bool> read(size_t rows, RowBatch& batch) override {
    if (!file_) {
      TRY(file_, files_.open(path_));
      TRY(layout_, find_layout(file_->columns(), rules_.feature_dim));
    }
    reading_ = true;
    while (batch.size() < rows) {
      if (piece_ == nullptr || next_ == piece_->rows()) {
        TRY(const bool more, take_piece());
        if (!more) return false;
      }
      ++row_;
      if (Result<void> added = append(next_++, batch); !added) {
        batch.undo();
        return fail(std::move(added).error());
      }
    }
    return true;
  }

  std::string place() const override {
    return reading_ ? fmt::format("row {}", row_) : std::string("columns");
  }

 private:
  Result<bool> take_piece() {
    Result<const TablePiece*> piece = file_->next();
    if (!piece) {
      ++row_;
      return fail(std::move(piece).error());
    }
    piece_ = *piece;
    next_ = 0;
    if (piece_ == nullptr) return false;
    labels_ = piece_->numbers(layout_.label);
    if (layout_.importance) importances_ = piece_->numbers(*layout_.importance);
    if (layout_.indices) indices_ = piece_->lists(*layout_.indices);
    if (layout_.values) values_ = piece_->lists(*layout_.values);
    features_.clear();
    for (const size_t column : layout_.features) features_.push_back(piece_->numbers(column));
    if (layout_.indices) {
      sparse_.set(indices_, layout_.values ? &values_ : nullptr, piece_->rows());
    } else {
      dense_.set(features_, piece_->rows());
    }
    return true;
  }

  Result<void> append(size_t row, RowBatch& batch) {
    if (!labels_.has(row)) return fail(ErrorKind::invalid, "the record has no label");
    float label = 0;
    if (rules_.label != LabelRule::ignored) {
      label = static_cast<float>(labels_.at(row));
      TRY(check_label(rules_.label, label));
    }
    TRY(const float importance, importance_of(row));
    if (layout_.indices ? sparse_.append(row, rules_.feature_dim, batch)
                        : dense_.append(row, batch)) {
      batch.end_row(label);
    } else if (layout_.indices) {
      TRY(append_sparse(row, batch));
      TRY(append_row(rules_, batch, true, label));
    } else {
      TRY(append_dense(row, batch));
      batch.end_row(label);
    }
    if (importance != 1) batch.weigh_last_row(importance);
    return ok;
  }

  Result<void> append_dense(size_t row, RowBatch& batch) const {
    for (size_t feature = 0; feature < features_.size(); ++feature) {
      if (!features_[feature].has(row)) return missing(feature);
      const auto value = static_cast<float>(features_[feature].at(row));
      if (value == 0) continue;
      if (!std::isfinite(value)) {
        return fail(ErrorKind::invalid,
                    fmt::format("the value of feature {} is {}", feature,
                                std::isnan(value) ? "NaN" : "infinite, or too large for float32"));
      }
      batch.indices.push_back(static_cast<uint32_t>(feature));
      batch.values.push_back(value);
    }
    return ok;
  }

  Result<void> append_sparse(size_t row, RowBatch& batch) const {
    if (!indices_.has(row)) return fail(ErrorKind::invalid, "the record has no 'indices' (NULL)");
    const NumberLists::Place keys = indices_.places[row];
    for (uint64_t at = keys.offset; at < keys.offset + keys.length; ++at) {
      if (!indices_.items.has(at)) return fail(ErrorKind::invalid, "an index is missing (NULL)");
      const double index = indices_.items.at(at);
      if (!(index >= 0) || index != std::floor(index)) {
        return fail(ErrorKind::invalid,
                    fmt::format("feature index {} is not a whole number from 0", index));
      }
      if (index >= static_cast<double>(rules_.feature_dim)) {
        return fail(ErrorKind::invalid,
                    fmt::format("feature index {} is not below feature_dim, which is {}", index,
                                rules_.feature_dim));
      }
      batch.indices.push_back(static_cast<uint32_t>(index));
    }
    if (!layout_.values) {
      batch.values.resize(batch.indices.size(), 1.0f);
      return ok;
    }
    if (!values_.has(row)) return fail(ErrorKind::invalid, "the record has no 'values' (NULL)");
    const NumberLists::Place values = values_.places[row];
    if (values.length != keys.length) {
      return fail(ErrorKind::invalid, fmt::format("the record has {} indices but {} values",
                                                  keys.length, values.length));
    }
    for (uint64_t n = 0; n < values.length; ++n) {
      const uint64_t at = values.offset + n;
      if (!values_.items.has(at)) return missing(batch.indices[batch.open_begin() + n]);
      batch.values.push_back(static_cast<float>(values_.items.at(at)));
    }
    return ok;
  }

  Result<float> importance_of(size_t row) const {
    if (!layout_.importance || rules_.label == LabelRule::ignored) return 1.0f;
    if (!importances_.has(row)) {
      return fail(ErrorKind::invalid, "the record's importance is missing (NULL)");
    }
    const auto importance = static_cast<float>(importances_.at(row));
    TRY(check_importance(importance));
    return importance;
  }

  static std::unexpected<Error> missing(size_t feature) {
    return fail(ErrorKind::invalid,
                fmt::format("the value of feature {} is missing (NULL)", feature));
  }

  TableFiles& files_;
  const runtime::Path path_;
  const RowRules rules_;
  std::unique_ptr<TableFile> file_;
  Layout layout_;
  bool reading_ = false;  // The columns are right.
  const TablePiece* piece_ = nullptr;
  size_t next_ = 0;   // Row of the piece.
  uint64_t row_ = 0;  // Of the file, from 1: the one that was read last.
  Numbers labels_;
  Numbers importances_;
  NumberLists indices_;
  NumberLists values_;
  std::vector<Numbers> features_;
  DenseRows dense_;
  SparseRows sparse_;
};

}  // namespace

std::unique_ptr<ExampleReader> make_parquet_examples(TableFiles& files, runtime::Path path,
                                                     RowRules rules) {
  return std::make_unique<ParquetExamples>(files, std::move(path), rules);
}

}  // namespace millrace::ml
