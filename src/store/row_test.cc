#include "store/row.h"

#include <gtest/gtest.h>

#include <limits>

namespace millrace::store {
namespace {

enum class Status : uint8_t { starting, running = 7 };

struct Channel {
  std::string uri;
  std::optional<int32_t> shards;
  bool operator==(const Channel&) const = default;
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.uri);
    v(2, self.shards);
  }
};

struct Job {
  Realm realm;
  std::string name;
  int64_t count = 0;
  uint64_t bytes = 0;
  bool done = false;
  double loss = 0;
  Time created{};
  Status status = Status::starting;
  std::vector<std::string> tags;
  std::map<std::string, std::string> labels;
  std::optional<double> score;
  std::vector<Channel> channels;
  std::map<std::string, std::vector<int64_t>> series;
  std::set<uint32_t> ports;
  seconds timeout{};
  Channel output;
  std::vector<bool> flags;
  bool operator==(const Job&) const = default;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.realm);
    v(2, self.name);
    v(3, self.count);
    v(4, self.bytes);
    v(5, self.done);
    v(6, self.loss);
    v(7, self.created);
    v(8, self.status);
    v(9, self.tags);
    v(10, self.labels);
    v(11, self.score);
    v(12, self.channels);
    v(13, self.series);
    v(14, self.ports);
    v(15, self.timeout);
    v(17, self.output);
    v(300, self.flags);
  }
};

Job full_job() {
  Job job;
  job.realm = {"000000000000", "us-east-1"};
  job.name = std::string("a\0b", 3);
  job.count = std::numeric_limits<int64_t>::min();
  job.bytes = std::numeric_limits<uint64_t>::max();
  job.done = true;
  job.loss = -0.125;
  job.created = Time(microseconds(1'763'805'600'000'001));
  job.status = Status::running;
  job.tags = {"", "x", std::string(300, 'y')};
  job.labels = {{"k", "v"}, {"", "empty"}};
  job.score = std::numeric_limits<double>::infinity();
  job.channels = {{"s3://a/b", 3}, {"", std::nullopt}};
  job.series = {{"m", {1, -1, 0}}, {"n", {}}};
  job.ports = {80, 443};
  job.timeout = seconds(-5);
  job.output = {"s3://out", 1};
  job.flags = {true, false, true};
  return job;
}

TEST(Row, KeepsEveryMember) {
  const Job job = full_job();
  const Result<Job> read = decode_row<Job>(encode_row(job));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, job);
  EXPECT_EQ(decode_row<Job>(encode_row(Job{})), Job{});
}

// The same numbers with some fields gone, some new, and other defaults.
struct OlderJob {
  std::string name;
  int64_t count = 41;
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(2, self.name);
    v(3, self.count);
  }
};
struct NewerJob {
  std::string name;
  std::string note = "default";
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(2, self.name);
    v(16, self.note);
  }
};
struct RetypedJob {
  std::string count;
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(3, self.count);
  }
};

TEST(Row, SkipsUnknownFieldsAndDefaultsMissingOnes) {
  const Bytes bytes = encode_row(full_job());
  const Result<OlderJob> older = decode_row<OlderJob>(bytes);
  ASSERT_TRUE(older);
  EXPECT_EQ(older->count, full_job().count);
  const Result<NewerJob> newer = decode_row<NewerJob>(bytes);
  ASSERT_TRUE(newer);
  EXPECT_EQ(newer->note, "default");
  EXPECT_EQ(newer->name, full_job().name);
}

TEST(Row, RefusesAFieldOfAnotherType) {
  const Result<RetypedJob> read = decode_row<RetypedJob>(encode_row(full_job()));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, ErrorKind::internal);
  EXPECT_NE(read.error().message.find("field 3"), std::string::npos);
}

TEST(Row, RefusesEveryTruncation) {
  const Bytes bytes = encode_row(full_job());
  // A cut between two fields is a row of fewer fields; everywhere else it is damage.
  size_t admitted = 0;
  for (size_t size = 0; size < bytes.size(); ++size) {
    const Result<Job> read = decode_row<Job>(BytesView(bytes).substr(0, size));
    if (read) ++admitted;
  }
  EXPECT_EQ(admitted, 17U);
  EXPECT_FALSE(decode_row<Job>(""));
  EXPECT_FALSE(decode_row<Job>("\x02"));
}

TEST(Row, RefusesMalformedFields) {
  const auto refused = [](std::string_view body) {
    return !decode_row<Job>(Bytes("\x01") += body);
  };
  EXPECT_TRUE(refused("\x03"));                                          // Wire type 3.
  EXPECT_TRUE(refused(std::string_view("\x00\x01", 2)));                 // Field number 0.
  EXPECT_TRUE(refused("\x0C\x02\x0C\x02"));                              // Field 3 twice.
  EXPECT_TRUE(refused("\x14\x02"));                                      // A bool that is 2.
  EXPECT_TRUE(refused(std::string_view("\x0C\x80\x00", 3)));             // An overlong varint.
  EXPECT_TRUE(refused("\x0C\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02"));  // 65 bits.
  EXPECT_TRUE(refused("\x0A\x05"));                                      // A string without bytes.
  EXPECT_TRUE(refused("\x26\x02\x02\x7F"));                              // 127 elements, no byte.
  EXPECT_TRUE(refused(std::string_view("\x26\x03\x00\x01\x00", 5)));  // Elements of another type.
  EXPECT_TRUE(refused("\x20\xAC\x02"));                               // 300 in a uint8_t enum.
}

struct Nest {
  std::vector<Nest> inner;
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.inner);
  }
};

TEST(Row, RefusesTooDeepNesting) {
  Nest nest;
  for (unsigned i = 0; i < kRowDepthMax / 2 - 1; ++i) {
    Nest outer;
    outer.inner.push_back(std::move(nest));
    nest = std::move(outer);
  }
  EXPECT_TRUE(decode_row<Nest>(encode_row(nest)));
  for (int i = 0; i < 4; ++i) {
    Nest outer;
    outer.inner.push_back(std::move(nest));
    nest = std::move(outer);
  }
  EXPECT_FALSE(decode_row<Nest>(encode_row(nest)));
}

}  // namespace
}  // namespace millrace::store
