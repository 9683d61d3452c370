#include "engines/ml/text_examples.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "engines/ml/decimal.h"
#include "engines/ml/libsvm_lines.h"
#include "engines/ml/line_reader.h"
#include "engines/ml/record.h"
#include "engines/ml/text_words.h"

namespace millrace::ml {
namespace {

// That are read together: what is made of them stays in the cache.
constexpr size_t kLinesBytes = 16 << 10;
// A line that is longer is read by itself: the places of its words would take 40 times as much.
constexpr size_t kLongLineBytes = 256 << 10;
constexpr size_t kQuotedBytesMax = 40;  // Of what an error shows of a line.
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool is_blank(char c) { return c == ' ' || c == '\t'; }

[[gnu::always_inline]] inline void skip_blanks(const char*& at, const char* end) {
  while (at != end && is_blank(*at)) ++at;
}

// As it is where that is printable UTF-8, else with its other bytes as `\\xff`.
std::string printable(BytesView word) {
  const bool text = is_utf8(word);
  std::string out;
  for (const char c : word) {
    const auto byte = static_cast<unsigned char>(c);
    const bool shown = byte >= 0x80 ? text : byte >= 0x20 && byte != 0x7f;
    if (shown) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    }
  }
  return out;
}

// What stands at `at` up to one of `stops`, for an error.
std::string quoted(const char* at, const char* end, std::string_view stops) {
  const BytesView rest(at, static_cast<size_t>(end - at));
  BytesView word = rest.substr(0, rest.find_first_of(stops));
  const bool cut = word.size() > kQuotedBytesMax;
  word = word.substr(0, kQuotedBytesMax);
  return fmt::format("'{}{}'", printable(word), cut ? "…" : "");
}

// The rows that a line reader's lines are, one by one.
class TextExamples : public ExampleReader {
 public:
  TextExamples(std::unique_ptr<ByteSource> source, RowRules rules, TextOptions options)
      : rules_(rules), side_by_side_(!options.number_by_number), lines_(std::move(source)) {}

  Result<bool> read(size_t rows, RowBatch& batch) override {
    while (batch.size() < rows) {
      if (side_by_side_) {
        TRY(const bool some, append_lines(lines_, rows - batch.size(), batch));
        if (some) continue;
      }
      TRY(const bool more, append_line(batch));
      if (!more) return false;
    }
    return true;
  }
  std::string place() const override { return fmt::format("line {}", lines_.number()); }

 protected:
  virtual Result<void> append(const char* at, const char* end, RowBatch& batch) = 0;
  // Takes some of the next lines together, at most `rows` of them; false where it took none.
  virtual Result<bool> append_lines(LineReader&, size_t, RowBatch&) { return false; }
  // The next line, by itself; false at the end.
  Result<bool> append_line(RowBatch& batch) {
    BytesView line;
    TRY(const bool more, lines_.next(line));
    if (!more) return false;
    if (lines_.number() == 1 && line.starts_with(kByteOrderMark)) {
      line.remove_prefix(kByteOrderMark.size());
    }
    if (line.empty()) return true;
    if (Result<void> added = append(line.data(), line.data() + line.size(), batch); !added) {
      batch.undo();
      return fail(std::move(added).error());
    }
    return true;
  }
  uint64_t line_number() const { return lines_.number(); }

  const RowRules rules_;
  const bool side_by_side_;

 private:
  LineReader lines_;
};

class CsvExamples final : public TextExamples {
 public:
  CsvExamples(std::unique_ptr<ByteSource> source, RowRules rules, TextOptions options)
      : TextExamples(std::move(source), rules, options), labelled_(options.labelled) {}

 private:
  Result<void> append(const char* at, const char* end, RowBatch& batch) override {
    if (side_by_side_ && append_side_by_side(at, end, batch)) return ok;
    return append_one_by_one(at, end, batch);
  }

  // All columns between the commas of the line. False where it is not a right line, and nothing has
  // been appended then: append_one_by_one() says what is wrong.
  bool append_side_by_side(const char* at, const char* end, RowBatch& batch) {
    const size_t features = rules_.feature_dim;
    const size_t labels = labelled_ ? 1 : 0;
    const size_t columns = find_separators(at, end, ',', places_) + 1;
    if (columns != labels + features) return false;
    if (numbers_.size() < columns) {
      numbers_.resize(columns);
      kept_.resize(columns);
    }
    const Words words{at, places_.data(), places_.data() + 1};
    for (const uint32_t n : read_decimals(words, columns, numbers_.data(), unread_)) {
      if (!read_column(words.begin(n), words.end(n), numbers_[n])) return false;
    }
    float label = 0;
    if (rules_.label != LabelRule::ignored) {
      label = labelled_ ? numbers_[0] : 0;
      if (labelled_ && !check_label(rules_.label, label)) return false;
    }
    const float* const values = numbers_.data() + labels;
    size_t kept = 0;
    for (size_t index = 0; index < features; ++index) {
      kept_[kept] = static_cast<uint32_t>(index);
      numbers_[kept] = values[index];
      kept += values[index] != 0 ? 1 : 0;
    }
    batch.indices.insert(batch.indices.end(), kept_.data(), kept_.data() + kept);
    batch.values.insert(batch.values.end(), numbers_.data(), numbers_.data() + kept);
    batch.end_row(label);
    return true;
  }

  // All of [at, end) as a finite number, blanks around it.
  static bool read_column(const char* at, const char* end, float& value) {
    skip_blanks(at, end);
    double wide = 0;
    if (!take_decimal(at, end, wide)) return false;
    skip_blanks(at, end);
    value = static_cast<float>(wide);
    return at == end && std::isfinite(value);
  }

  Result<void> append_one_by_one(const char* at, const char* end, RowBatch& batch) {
    float label = 0;
    const char* const begin = at;
    if (labelled_) {
      bool more = false;
      if (!take_column(at, end, label, more)) return wrong_column(begin, at, end);
      if (!more) return wrong_count(begin, end);
      if (rules_.label != LabelRule::ignored) {
        TRY(check_label(rules_.label, label));
      } else {
        label = 0;
      }
    }
    const size_t open = batch.open_begin();
    // As many as the line can hold, so that a wide feature_dim costs a short line nothing.
    const size_t room =
        std::min<uint64_t>(rules_.feature_dim, static_cast<size_t>(end - at) / 2 + 1);
    batch.indices.resize(open + room);
    batch.values.resize(open + room);
    uint32_t* const indices = batch.indices.data() + open;
    float* const values = batch.values.data() + open;
    size_t kept = 0;
    size_t column = 0;
    for (bool more = true; more; ++column) {
      if (column == room) return wrong_count(begin, end);
      float value = 0;
      if (!take_column(at, end, value, more)) return wrong_column(begin, at, end);
      if (!std::isfinite(value)) return not_finite(column, value);
      indices[kept] = static_cast<uint32_t>(column);
      values[kept] = value;
      kept += value != 0 ? 1 : 0;
    }
    if (column != rules_.feature_dim) return wrong_count(begin, end);
    batch.indices.resize(open + kept);
    batch.values.resize(open + kept);
    batch.end_row(label);
    return ok;
  }

  // A number, and the comma behind it or the end of the line; whether `more` columns follow.
  [[gnu::always_inline]] static bool take_column(const char*& at, const char* end, float& value,
                                                 bool& more) {
    double wide = 0;
    const char* next = at;
    if (next != end && is_blank(*next)) skip_blanks(next, end);
    if (!take_decimal(next, end, wide)) return false;
    if (next != end && is_blank(*next)) skip_blanks(next, end);
    more = next != end;
    if (more && *next++ != ',') return false;
    at = next;
    value = static_cast<float>(wide);
    return true;
  }

  std::unexpected<Error> wrong_column(const char* begin, const char* at, const char* end) const {
    size_t column = 1;
    for (const char* c = begin; c != at; ++c) column += *c == ',' ? 1 : 0;
    return fail(ErrorKind::invalid,
                fmt::format("column {} is not a number: {}{}", column, quoted(at, end, ","),
                            line_number() == 1 ? "; a CSV file has no header record" : ""));
  }

  std::unexpected<Error> wrong_count(const char* begin, const char* end) const {
    size_t columns = 1;
    for (const char* c = begin; c != end; ++c) columns += *c == ',' ? 1 : 0;
    return fail(ErrorKind::invalid,
                fmt::format("the line has {} columns, but feature_dim is {}{}", columns,
                            rules_.feature_dim, labelled_ ? ", beside the label" : ""));
  }

  static std::unexpected<Error> not_finite(size_t column, float value) {
    return fail(ErrorKind::invalid,
                fmt::format("the value of feature {} is {}", column,
                            std::isnan(value) ? "NaN" : "infinite, or too large for float32"));
  }

  const bool labelled_;
  // Of the line that is being read.
  std::vector<uint32_t> places_;
  std::vector<float> numbers_;
  std::vector<uint32_t> kept_;
  std::vector<uint32_t> unread_;
};

class LibsvmExamples final : public TextExamples {
 public:
  using TextExamples::TextExamples;

 private:
  Result<void> append(const char* begin, const char* end, RowBatch& batch) override {
    skip_blanks(begin, end);
    if (begin == end || *begin == '#') return ok;
    return append_one_by_one(begin, end, batch);
  }

  Result<bool> append_lines(LineReader& lines, size_t rows, RowBatch& batch) override {
    TRY(const BytesView whole, lines.whole_lines(kLinesBytes));
    if (whole.empty() || whole.size() > kLongLineBytes) return false;
    const size_t count = usual_.read(whole, rows, rules_);
    for (size_t line = 0; line < count; ++line) {
      const size_t other = usual_.first_other(line, count);
      if (other > line) {
        usual_.append(line, other, batch);
        lines.skip(usual_.end_of(other - 1), other - line);
        line = other;
      }
      if (other < count) TRY(append_line(batch));
    }
    return true;
  }

  Result<void> append_one_by_one(const char* begin, const char* end, RowBatch& batch) {
    TRY(const Head head, take_head(begin, end));
    const char* at = begin;
    const size_t open = batch.open_begin();
    // A feature takes 4 bytes at least, its blank counted.
    const size_t room = static_cast<size_t>(end - at) / 4 + 1;
    batch.indices.resize(open + room);
    batch.values.resize(open + room);
    uint32_t* const indices = batch.indices.data() + open;
    float* const values = batch.values.data() + open;
    size_t count = 0;
    uint64_t next = 0;  // The least that the next index may be, if they increase.
    bool ordered = true;
    bool finite = true;
    for (;;) {
      skip_blanks(at, end);
      if (at == end || *at == '#') break;
      uint64_t index = 0;
      double value = 0;
      const char* const word = at;
      if (!take_whole(at, end, index) || at == end || *at != ':') return wrong_feature(word, end);
      if (!take_decimal(++at, end, value)) return wrong_feature(word, end);
      if (at != end && !is_blank(*at) && *at != '#') return wrong_feature(word, end);
      if (index >= rules_.feature_dim) return beyond(index);
      ordered &= index >= next;
      next = index + 1;
      indices[count] = static_cast<uint32_t>(index);
      values[count] = static_cast<float>(value);
      finite &= std::isfinite(values[count]);
      ++count;
    }
    batch.indices.resize(open + count);
    batch.values.resize(open + count);
    if (ordered && finite) {
      batch.end_row(head.label);
    } else {
      TRY(append_row(rules_, batch, true, head.label));
    }
    if (head.importance != 1) batch.weigh_last_row(head.importance);
    return ok;
  }

  struct Head {
    float label = 0;
    float importance = 1;
  };

  // `label` or `label:importance`.
  Result<Head> take_head(const char*& at, const char* end) const {
    Head head;
    const char* const begin = at;
    double value = 0;
    if (!take_decimal(at, end, value)) return wrong_label(begin, end);
    head.label = static_cast<float>(value);
    if (at != end && *at == ':') {
      if (!take_decimal(++at, end, value)) return wrong_label(begin, end);
      head.importance = static_cast<float>(value);
      if (rules_.label != LabelRule::ignored) TRY(check_importance(head.importance));
    }
    if (at != end && !is_blank(*at)) return wrong_label(begin, end);
    if (rules_.label == LabelRule::ignored) return Head{};
    TRY(check_label(rules_.label, head.label));
    return head;
  }

  static std::unexpected<Error> wrong_label(const char* at, const char* end) {
    return fail(ErrorKind::invalid,
                fmt::format("the label is not a number: {}", quoted(at, end, " \t")));
  }

  static std::unexpected<Error> wrong_feature(const char* at, const char* end) {
    const std::string word = quoted(at, end, " \t");
    if (word.starts_with("'qid:")) {
      return fail(ErrorKind::invalid, fmt::format("groups of queries are not supported: {}", word));
    }
    return fail(ErrorKind::invalid, fmt::format("a feature is not index:value: {}", word));
  }

  std::unexpected<Error> beyond(uint64_t index) const {
    return fail(ErrorKind::invalid,
                fmt::format("feature index {} is not below feature_dim, which is {}", index,
                            rules_.feature_dim));
  }

  LibsvmLines usual_;
};

}  // namespace

std::unique_ptr<ExampleReader> make_csv_examples(std::unique_ptr<ByteSource> source, RowRules rules,
                                                 TextOptions options) {
  return std::make_unique<CsvExamples>(std::move(source), rules, options);
}

std::unique_ptr<ExampleReader> make_libsvm_examples(std::unique_ptr<ByteSource> source,
                                                    RowRules rules, TextOptions options) {
  return std::make_unique<LibsvmExamples>(std::move(source), rules, options);
}

}  // namespace millrace::ml
