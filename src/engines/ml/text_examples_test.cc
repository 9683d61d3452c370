#include "engines/ml/text_examples.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "engines/ml/channel.h"
#include "engines/ml/test_data.h"

namespace millrace::ml {
namespace {

constexpr RowRules kRules{.feature_dim = 4, .label = LabelRule::number};

struct Answer {
  RowBatch rows;
  std::string error;
  std::string place;
};

using Make = std::unique_ptr<ExampleReader> (*)(std::unique_ptr<ByteSource>, RowRules);

std::unique_ptr<ExampleReader> csv(std::unique_ptr<ByteSource> source, RowRules rules) {
  return make_csv_examples(std::move(source), rules);
}

std::unique_ptr<ExampleReader> libsvm(std::unique_ptr<ByteSource> source, RowRules rules) {
  return make_libsvm_examples(std::move(source), rules);
}

Answer read(Make make, BytesView text, const RowRules& rules = kRules) {
  Answer answer;
  const auto reader = make(make_memory_source(text), rules);
  const Result<bool> more = reader->read(1000, answer.rows);
  answer.place = reader->place();
  EXPECT_EQ(answer.rows.indices.size(), answer.rows.values.size());
  if (more) {
    EXPECT_FALSE(*more);
  } else {
    EXPECT_EQ(more.error().kind, ErrorKind::invalid);
    EXPECT_EQ(answer.rows.open_begin(), answer.rows.indices.size());  // Nothing of it stays.
    answer.error = more.error().message;
  }
  return answer;
}

std::string row_text(const RowBatch& rows, size_t at) {
  std::string out = fmt::format("{}", rows.label(at));
  if (rows.importance(at) != 1) out += fmt::format("*{}", rows.importance(at));
  const RowView row = rows.row(at);
  for (size_t i = 0; i < row.indices.size(); ++i) {
    out += fmt::format(" {}:{}", row.indices[i], row.values[i]);
  }
  return out;
}

TEST(Csv, ReadsTheLabelAndThenTheFeatures) {
  const Answer answer = read(csv, "1,0.5,0,-2,1e3\r\n\n 7 , 1,\t2 ,3,4\n-1,0,0,0,0");
  EXPECT_EQ(answer.error, "");
  ASSERT_EQ(answer.rows.size(), 3u);
  EXPECT_EQ(row_text(answer.rows, 0), "1 0:0.5 2:-2 3:1000");
  EXPECT_EQ(row_text(answer.rows, 1), "7 0:1 1:2 2:3 3:4");
  EXPECT_EQ(row_text(answer.rows, 2), "-1");
  EXPECT_EQ(answer.place, "line 4");
}

TEST(Csv, ReadsFeaturesAloneWhereThereIsNoLabel) {
  RowBatch rows;
  const auto reader =
      make_csv_examples(make_memory_source("1,2,3,4\n"),
                        {.feature_dim = 4, .label = LabelRule::ignored}, {.labelled = false});
  ASSERT_TRUE(reader->read(10, rows));
  EXPECT_EQ(row_text(rows, 0), "0 0:1 1:2 2:3 3:4");
}

TEST(Csv, NamesTheLineAndTheCause) {
  const auto error = [](BytesView text) {
    const Answer answer = read(csv, text);
    return answer.place + ": " + answer.error;
  };
  EXPECT_EQ(error("label,a,b,c,d\n1,2,3,4,5\n"),
            "line 1: column 1 is not a number: 'label'; a CSV file has no header record");
  EXPECT_EQ(error("1,2,3,4,5\n1,2,x y,4,5\n"), "line 2: column 3 is not a number: 'x y'");
  EXPECT_EQ(error("\n1,2,3,4,\n"), "line 2: column 5 is not a number: ''");
  EXPECT_EQ(error("\n1,2,,4,5\n"), "line 2: column 3 is not a number: ''");
  EXPECT_EQ(error("\n1,\"2\",3,4,5\n"), "line 2: column 2 is not a number: '\"2\"'");
  EXPECT_EQ(error("1,2,3,4\n"),
            "line 1: the line has 4 columns, but feature_dim is 4, beside the label");
  EXPECT_EQ(error("1,2,3,4,5,6\n"),
            "line 1: the line has 6 columns, but feature_dim is 4, beside the label");
  EXPECT_EQ(error("1\n"), "line 1: the line has 1 columns, but feature_dim is 4, beside the label");
  EXPECT_EQ(error("1,2,nan,4,5\n"), "line 1: the value of feature 1 is NaN");
  EXPECT_EQ(error("1,2,3,1e39,5\n"),
            "line 1: the value of feature 2 is infinite, or too large for float32");
  EXPECT_EQ(error("inf,2,3,4,5\n"), "line 1: the label is not a finite number");
  EXPECT_EQ(error(Bytes("\n\0\xff,2,3,4,5\n", 13)).substr(0, 34),
            "line 2: column 1 is not a number: ");
}

TEST(Csv, ChecksClasses) {
  const RowRules classes{.feature_dim = 1, .label = LabelRule::zero_one};
  EXPECT_EQ(read(csv, "1,5\n0,5\n", classes).rows.size(), 2u);
  EXPECT_EQ(read(csv, "2,5\n", classes).error,
            "the label is 2, but a binary_classifier takes 0 and 1 only");
}

TEST(Libsvm, ReadsLabelsImportancesAndFeatures) {
  const Answer answer = read(libsvm,
                             "1 0:0.5 3:-2\r\n# a comment\n\n"
                             "  -2:0.5\t1:1 \n0.25 2:1 # 3:4\n7\n3 3:1 0:2 3:4\n");
  EXPECT_EQ(answer.error, "");
  ASSERT_EQ(answer.rows.size(), 5u);
  EXPECT_EQ(row_text(answer.rows, 0), "1 0:0.5 3:-2");
  EXPECT_EQ(row_text(answer.rows, 1), "-2*0.5 1:1");
  EXPECT_EQ(row_text(answer.rows, 2), "0.25 2:1");
  EXPECT_EQ(row_text(answer.rows, 3), "7");
  EXPECT_EQ(row_text(answer.rows, 4), "3 0:2 3:5");  // Sorted; equal ones add up.
}

TEST(Libsvm, NamesTheLineAndTheCause) {
  const auto error = [](BytesView text) {
    const Answer answer = read(libsvm, text);
    return answer.place + ": " + answer.error;
  };
  EXPECT_EQ(error("1 0:1\nx 0:1\n"), "line 2: the label is not a number: 'x'");
  EXPECT_EQ(error("1x 0:1\n"), "line 1: the label is not a number: '1x'");
  EXPECT_EQ(error("nan 0:1\n"), "line 1: the label is not a finite number");
  EXPECT_EQ(error("1:0 0:1\n"),
            "line 1: the record's importance is 0, but it has to be positive and finite");
  EXPECT_EQ(error("1 0\n"), "line 1: a feature is not index:value: '0'");
  EXPECT_EQ(error("1 0:\n"), "line 1: a feature is not index:value: '0:'");
  EXPECT_EQ(error("1 0:1x\n"), "line 1: a feature is not index:value: '0:1x'");
  EXPECT_EQ(error("1 -1:1\n"), "line 1: a feature is not index:value: '-1:1'");
  EXPECT_EQ(error("1 0:1,2:1\n"), "line 1: a feature is not index:value: '0:1,2:1'");
  EXPECT_EQ(error("1 qid:3 0:1\n"), "line 1: groups of queries are not supported: 'qid:3'");
  EXPECT_EQ(error("1 4:1\n"), "line 1: feature index 4 is not below feature_dim, which is 4");
  EXPECT_EQ(error("1 99999999999999999999:1\n"),
            "line 1: a feature is not index:value: '99999999999999999999:1'");
  EXPECT_EQ(error("1 2:inf\n"),
            "line 1: the value of feature 2 is infinite, or too large for float32");
}

TEST(TextExamples, ReadFilesOfAChannelGzippedOrNot) {
  const test::Folder folder;
  folder.write("a.libsvm", "1 0:1\n2 1:1");
  folder.write("b.libsvm.gz", test::gzip("3 2:1\n4 3:x\n"));
  const auto disk = runtime::make_disk();
  Channel channel(*disk, "train", folder.path(), {"a.libsvm", "b.libsvm.gz"}, kRules,
                  {.kind = ExampleFormat::Kind::libsvm});
  RowBatch batch;
  ASSERT_TRUE(channel.read(3, batch));
  EXPECT_EQ(batch.size(), 3u);
  const Result<void> failed = channel.read(3, batch);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message,
            "channel 'train', file 'b.libsvm.gz', line 2: a feature is not index:value: '3:x'");
}

// Lines that are read together and those that are not, whatever a batch or a piece ends with.
TEST(Libsvm, ReadsUnusualLinesAmongUsualOnes) {
  std::mt19937_64 generator(11);
  const RowRules rules{.feature_dim = 1'000'000, .label = LabelRule::number};
  std::string text = "\xef\xbb\xbf+1 3:1\n";
  for (int line = 0; line < 6000; ++line) {
    text += line % 7 == 0 ? "+1" : fmt::format("{}", line % 5 - 2);
    if (generator() % 40 == 0) text += ":2.5";  // An importance.
    size_t features = generator() % 20;
    if (line % 1999 == 0) features = 4000;  // Longer than a piece.
    if (line == 3000) features = 30'000;    // Longer than what is read together.
    for (size_t n = 0; n < features; ++n) {
      const size_t index = generator() % 50 == 0 ? 90'000 - n : 20 * n;  // In order, or not.
      const double value = static_cast<double>(generator() % 100'000) / 128;
      text += generator() % 60 == 0 ? "\t" : " ";
      text += generator() % 30 == 0 ? fmt::format("{}:{:.3e}", index, value)
                                    : fmt::format("{}:{}", index, value);
    }
    constexpr std::array<std::string_view, 8> kEnds = {"\n",    "\n",   " \n",        "\r\n",
                                                       " \r\n", "  \n", " # after\n", "\n\n"};
    text += kEnds[generator() % kEnds.size()];
  }
  const auto fast = make_libsvm_examples(make_memory_source(text), rules);
  const auto careful =
      make_libsvm_examples(make_memory_source(text), rules, {.number_by_number = true});
  RowBatch rows;
  RowBatch expected;
  size_t total = 0;
  for (bool more = true; more; total += rows.size()) {
    const size_t wanted = 1 + generator() % 300;
    rows.clear();
    expected.clear();
    const Result<bool> taken = fast->read(wanted, rows);
    const Result<bool> known = careful->read(wanted, expected);
    ASSERT_TRUE(taken && known) << (taken ? "" : taken.error().message);
    ASSERT_EQ(rows.size(), expected.size());
    ASSERT_EQ(fast->place(), careful->place());
    for (size_t at = 0; at < rows.size(); ++at) {
      ASSERT_EQ(row_text(rows, at), row_text(expected, at));
    }
    more = *taken;
    ASSERT_EQ(more, *known);
  }
  EXPECT_EQ(total, 6001u);
}

TEST(TextExamples, ReadLinesAcrossManyReads) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += fmt::format("{} {}:{}\n", i, i % 4, i + 0.5);
  RowBatch rows;
  const auto reader = make_libsvm_examples(make_memory_source(text), kRules);
  const Result<bool> more = reader->read(1'000'000, rows);
  ASSERT_TRUE(more) << more.error().message;
  ASSERT_EQ(rows.size(), 200'000u);
  for (uint32_t i = 0; i < 200'000; ++i) {
    ASSERT_EQ(rows.label(i), static_cast<float>(i));
    ASSERT_EQ(rows.row(i).indices[0], i % 4);
    ASSERT_EQ(rows.row(i).values[0], static_cast<float>(i + 0.5));
  }
}

TEST(ContentType, NamesTheFormat) {
  using enum ExampleFormat::Kind;
  const auto kind = [](std::string_view text) { return parse_content_type(text)->kind; };
  EXPECT_EQ(kind(""), recordio);
  EXPECT_EQ(kind("application/x-recordio-protobuf"), recordio);
  EXPECT_EQ(kind("text/csv"), csv);
  EXPECT_EQ(kind("text/CSV; charset=UTF-8;label_size=1"), csv);
  EXPECT_FALSE(parse_content_type("text/csv;label_size=0")->labelled);
  EXPECT_EQ(kind("text/libsvm"), libsvm);
  EXPECT_EQ(kind("text/x-libsvm"), libsvm);
  EXPECT_EQ(kind("application/x-parquet"), parquet);
  for (const char* wrong : {"application/x-avro", "text/csv;label_size=2", "text/csv;header=1",
                            "text/libsvm;label_size=1"}) {
    const auto format = parse_content_type(wrong);
    ASSERT_FALSE(format) << wrong;
    EXPECT_NE(format.error().message.find("is not supported"), std::string::npos);
  }
}

// Whatever stands in a file, reading all numbers of a line side by side changes nothing.
TEST(TextExamples, AreTheSameSideBySideAndNumberByNumber) {
  std::mt19937_64 generator(5);
  size_t rows = 0;
  size_t errors = 0;
  for (int round = 0; round < 4000; ++round) {
    const bool is_csv = round % 2 == 0;
    std::string text;
    for (int line = 0; line < 4; ++line) {
      text += fmt::format("{}", generator() % 2);
      for (int i = 0; i < 4; ++i) {
        const double value = static_cast<double>(static_cast<int64_t>(generator() % 4000) - 2000);
        const double scaled = value / static_cast<double>(1 + generator() % 999);
        const std::string number = generator() % 9 == 0 ? "0" : fmt::format("{}", scaled);
        text += is_csv ? "," + number : fmt::format(" {}:{}", i, number);
      }
      text += generator() % 8 == 0 ? "\r\n" : "\n";
    }
    const std::string letters = "0123456789.,: -+e#\n\r\tx";
    for (uint64_t edit = generator() % 3; edit > 0; --edit) {
      text[generator() % text.size()] = letters[generator() % letters.size()];
    }
    const auto read_with = [&](bool number_by_number) {
      const auto reader = is_csv ? make_csv_examples(make_memory_source(text), kRules,
                                                     {.number_by_number = number_by_number})
                                 : make_libsvm_examples(make_memory_source(text), kRules,
                                                        {.number_by_number = number_by_number});
      Answer answer;
      const Result<bool> more = reader->read(1000, answer.rows);
      answer.place = reader->place();
      if (!more) answer.error = more.error().message;
      return answer;
    };
    const Answer fast = read_with(false);
    const Answer careful = read_with(true);
    ASSERT_EQ(fast.error, careful.error) << text;
    ASSERT_EQ(fast.place, careful.place) << text;
    ASSERT_EQ(fast.rows.size(), careful.rows.size()) << text;
    for (size_t at = 0; at < fast.rows.size(); ++at) {
      ASSERT_EQ(row_text(fast.rows, at), row_text(careful.rows, at)) << text;
    }
    rows += fast.rows.size();
    errors += fast.error.empty() ? 0 : 1;
  }
  EXPECT_GT(rows, 5000u);
  EXPECT_GT(errors, 500u);
}

}  // namespace
}  // namespace millrace::ml
