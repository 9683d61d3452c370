#include "engines/ml/parquet_examples.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <optional>

namespace millrace::ml {
namespace {

using Cell = std::optional<double>;  // Nothing: NULL.
using List = std::optional<std::vector<Cell>>;

// Columns in memory, a few rows a piece, as a reader of Parquet would give them.
struct MadeColumn {
  TableColumn what;
  std::vector<Cell> numbers;
  std::vector<List> lists;
};

MadeColumn numbers(std::string name, std::vector<Cell> cells) {
  return {{std::move(name), "DOUBLE", TableColumn::Kind::number}, std::move(cells), {}};
}

MadeColumn lists(std::string name, std::vector<List> cells) {
  return {{std::move(name), "DOUBLE[]", TableColumn::Kind::numbers}, {}, std::move(cells)};
}

struct Stored {
  std::vector<double> values;
  std::vector<uint64_t> valid;

  void add(const Cell& cell) {
    if (values.size() % 64 == 0) valid.push_back(0);
    if (cell) valid.back() |= uint64_t{1} << (values.size() % 64);
    values.push_back(cell.value_or(1e99));  // What lies under a NULL is not to be read.
  }
  Numbers view() const { return {values.data(), valid.data()}; }
};

struct StoredLists {
  std::vector<NumberLists::Place> places;
  Stored present;
  Stored items;

  void add(const List& list) {
    places.push_back({items.values.size(), list ? list->size() : 0});
    present.add(list ? Cell(0) : Cell());
    for (size_t at = 0; list && at < list->size(); ++at) items.add((*list)[at]);
  }
  NumberLists view() const { return {places.data(), present.valid.data(), items.view()}; }
};

class MadePiece final : public TablePiece {
 public:
  MadePiece(const std::vector<MadeColumn>& columns, size_t begin, size_t end) : rows_(end - begin) {
    for (const MadeColumn& column : columns) {
      numbers_.emplace_back();
      lists_.emplace_back();
      for (size_t row = begin; row < end; ++row) {
        if (!column.numbers.empty()) numbers_.back().add(column.numbers[row]);
        if (!column.lists.empty()) lists_.back().add(column.lists[row]);
      }
    }
  }
  size_t rows() const override { return rows_; }
  Numbers numbers(size_t column) const override { return numbers_[column].view(); }
  NumberLists lists(size_t column) const override { return lists_[column].view(); }

 private:
  size_t rows_;
  std::vector<Stored> numbers_;
  std::vector<StoredLists> lists_;
};

class MadeFile final : public TableFile {
 public:
  explicit MadeFile(std::vector<MadeColumn> columns) : made_(std::move(columns)) {
    for (const MadeColumn& column : made_) columns_.push_back(column.what);
  }
  const std::vector<TableColumn>& columns() const override { return columns_; }
  Result<const TablePiece*> next() override {
    constexpr size_t kRows = 2;
    const size_t rows =
        made_.empty() ? 0 : std::max(made_[0].numbers.size(), made_[0].lists.size());
    if (at_ >= rows) return nullptr;
    const size_t end = std::min(at_ + kRows, rows);
    piece_.emplace(made_, at_, end);
    at_ = end;
    return &*piece_;
  }

 private:
  std::vector<MadeColumn> made_;
  std::vector<TableColumn> columns_;
  size_t at_ = 0;
  std::optional<MadePiece> piece_;
};

class MadeFiles final : public TableFiles {
 public:
  Result<std::unique_ptr<TableFile>> open(const runtime::Path&) override {
    return std::make_unique<MadeFile>(columns);
  }
  std::vector<MadeColumn> columns;
};

// The rows as text, and what ended the reading.
std::string read(std::vector<MadeColumn> columns, RowRules rules = {3, LabelRule::number}) {
  MadeFiles files;
  files.columns = std::move(columns);
  const auto reader = make_parquet_examples(files, "data.parquet", rules);
  std::string out;
  RowBatch batch;
  for (bool more = true; more;) {
    batch.clear();
    const Result<bool> read = reader->read(3, batch);
    EXPECT_TRUE(read || batch.open_begin() == batch.indices.size());
    for (size_t at = 0; at < batch.size(); ++at) {
      out += fmt::format("{}", batch.label(at));
      if (batch.importance(at) != 1) out += fmt::format("*{}", batch.importance(at));
      const RowView row = batch.row(at);
      for (size_t i = 0; i < row.indices.size(); ++i) {
        out += fmt::format(" {}:{}", row.indices[i], row.values[i]);
      }
      out += "\n";
    }
    if (!read) return out + reader->place() + ": " + read.error().message;
    more = *read;
  }
  return out;
}

TEST(Parquet, TakesTheFirstColumnAsTheLabelAndTheOthersAsFeatures) {
  EXPECT_EQ(read({numbers("y", {1, 2, 3, 4, 5}), numbers("a", {0, 1, 0, -2, 0.5}),
                  numbers("b", {0, 0, 0, 0, 0}), numbers("c", {7, 0, 0, 8, 9})}),
            "1 2:7\n2 0:1\n3\n4 0:-2 2:8\n5 0:0.5 2:9\n");
}

TEST(Parquet, TakesTheColumnsThatAreNamed) {
  EXPECT_EQ(read({numbers("a", {1, 2}), numbers("importance", {1, 2.5}), numbers("b", {3, 4}),
                  numbers("label", {8, 9}), numbers("c", {5, 6})}),
            "8 0:1 1:3 2:5\n9*2.5 0:2 1:4 2:6\n");
}

TEST(Parquet, TakesListsAsSparseRows) {
  const std::vector<MadeColumn> columns = {
      numbers("label", {1, 0, 1}),
      lists("indices", {{{2.0, 0.0}}, List(std::vector<Cell>()), {{1.0, 1.0, 0.0}}}),
      lists("values", {{{0.5, 4.0}}, List(std::vector<Cell>()), {{2.0, 3.0, 1.0}}})};
  EXPECT_EQ(read(columns), "1 0:4 2:0.5\n0\n1 0:1 1:5\n");
  EXPECT_EQ(read({columns[0], columns[1]}), "1 0:1 2:1\n0\n1 0:1 1:2\n");
}

TEST(Parquet, NamesTheColumnThatIsWrong) {
  const MadeColumn label = numbers("label", {1});
  const auto text = [](const char* name) {
    return MadeColumn{{name, "VARCHAR", TableColumn::Kind::other}, {1}, {}};
  };
  EXPECT_EQ(read({}), "columns: there are no columns");
  EXPECT_EQ(read({label, numbers("a", {1})}),
            "columns: the file has 2 columns, but feature_dim is 3, beside the label");
  EXPECT_EQ(read({label, numbers("a", {1}), numbers("b", {1}), text("city")}),
            "columns: column 'city' is VARCHAR, not a number");
  EXPECT_EQ(read({text("label"), numbers("a", {1})}),
            "columns: column 'label' is VARCHAR, not a number");
  EXPECT_EQ(read({label, lists("a", {{{1.0}}})}),
            "columns: column 'a' is DOUBLE[], not a number; lists are read as 'indices' and "
            "'values' only");
  EXPECT_EQ(read({label, numbers("indices", {1})}),
            "columns: column 'indices' is DOUBLE, not a list of numbers");
  EXPECT_EQ(read({label, lists("indices", {{{1.0}}}), numbers("price", {1})}),
            "columns: column 'price' is neither label, importance, indices nor values");
  EXPECT_EQ(read({lists("indices", {{{1.0}}}), lists("values", {{{1.0}}})}),
            "columns: there is no label: it is the column named 'label', or the first one");
}

TEST(Parquet, NamesTheRowThatIsWrong) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto dense = [](Cell label, Cell value, LabelRule rule = LabelRule::number) {
    return read({numbers("label", {1, 0, 1, label}), numbers("a", {0, 0, 0, value})}, {1, rule});
  };
  const std::string before = "1\n0\n1\n";
  EXPECT_EQ(dense(Cell(), 0), before + "row 4: the record has no label");
  EXPECT_EQ(dense(nan, 0), before + "row 4: the label is not a finite number");
  EXPECT_EQ(dense(2, 0, LabelRule::zero_one),
            before + "row 4: the label is 2, but a binary_classifier takes 0 and 1 only");
  EXPECT_EQ(dense(1, Cell()), before + "row 4: the value of feature 0 is missing (NULL)");
  EXPECT_EQ(dense(1, nan), before + "row 4: the value of feature 0 is NaN");
  EXPECT_EQ(dense(1, 1e39),
            before + "row 4: the value of feature 0 is infinite, or too large for float32");
  const auto sparse = [](List indices, List values) {
    return read({numbers("label", {1}), lists("indices", {std::move(indices)}),
                 lists("values", {std::move(values)})});
  };
  EXPECT_EQ(sparse({{3.0}}, {{1.0}}),
            "row 1: feature index 3 is not below feature_dim, which is 3");
  EXPECT_EQ(sparse({{-1.0}}, {{1.0}}), "row 1: feature index -1 is not a whole number from 0");
  EXPECT_EQ(sparse({{0.5}}, {{1.0}}), "row 1: feature index 0.5 is not a whole number from 0");
  EXPECT_EQ(sparse({{nan}}, {{1.0}}), "row 1: feature index nan is not a whole number from 0");
  EXPECT_EQ(sparse({{Cell()}}, {{1.0}}), "row 1: an index is missing (NULL)");
  EXPECT_EQ(sparse({{1.0}}, {{Cell()}}), "row 1: the value of feature 1 is missing (NULL)");
  EXPECT_EQ(sparse({{1.0}}, {{1.0, 2.0}}), "row 1: the record has 1 indices but 2 values");
  EXPECT_EQ(sparse(List(), {{1.0}}), "row 1: the record has no 'indices' (NULL)");
  EXPECT_EQ(sparse({{1.0}}, List()), "row 1: the record has no 'values' (NULL)");
  EXPECT_EQ(read({numbers("label", {1}), numbers("importance", {0}), numbers("a", {1})}, {1, {}}),
            "0 0:1\n");  // Where labels are not read, importances are not.
  EXPECT_EQ(read({numbers("label", {1}), numbers("importance", {0}), numbers("a", {1})},
                 {1, LabelRule::number}),
            "row 1: the record's importance is 0, but it has to be positive and finite");
}

}  // namespace
}  // namespace millrace::ml
