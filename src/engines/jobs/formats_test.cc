#include <gtest/gtest.h>

#include <vector>

#include "base/bytes.h"
#include "engines/jobs/fields.h"
#include "engines/jobs/log_file.h"
#include "engines/jobs/process_info.h"
#include "engines/jobs/report.h"
#include "engines/jobs/spec.h"

namespace millrace::jobs {
namespace {

JobSpec full_spec() {
  JobSpec spec;
  spec.id = "training-000000000000.us-east-1_job";
  spec.program = {"/proc/self/exe", "algorithm", "line\nbreak", "%41", ""};
  spec.environment = {{"A", "1=2"}, {"EMPTY", ""}};
  spec.working_directory = "/opt/ml/code";
  spec.mounts = {{"/data/a b", "/opt/ml", false}, {"/data/c", "/opt/ml/input", true}};
  spec.limits = {milliseconds(1500), 1ull << 40, 1.5, 10, 20, 30};
  spec.network = false;
  spec.hostname = "algo-2";
  spec.stop_grace = milliseconds(7);
  spec.sandbox = Sandbox::private_tree;
  spec.cgroups = false;
  spec.skip_queue = true;
  return spec;
}

TEST(SpecTest, IsReadAsItWasWritten) {
  const JobSpec spec = full_spec();
  const auto read = parse_spec(encode(spec));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(spec, *read);
}

TEST(SpecTest, EveryCutIsRefused) {
  const std::string text = encode(full_spec());
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(parse_spec(std::string_view(text).substr(0, size))) << size;
  }
  EXPECT_FALSE(parse_spec(text + "x"));
}

template <class Change>
std::string refusal(Change change) {
  JobSpec spec = full_spec();
  change(spec);
  const auto answer = validate(spec);
  return answer ? "" : answer.error().message;
}

TEST(SpecTest, RulesAreHeld) {
  EXPECT_EQ("", refusal([](JobSpec&) {}));
  EXPECT_NE("", refusal([](JobSpec& s) { s.id = std::string(201, 'a'); }));
  EXPECT_NE("", refusal([](JobSpec& s) { s.id = "a/../b"; }));
  EXPECT_NE("", refusal([](JobSpec& s) { s.program.clear(); }));
  EXPECT_NE("", refusal([](JobSpec& s) { s.program[1] = std::string("a\0b", 3); }));
  EXPECT_NE("", refusal([](JobSpec& s) { s.program[1] = std::string(kSpecTextMax, 'a'); }));
  EXPECT_NE("", refusal([](JobSpec& s) { s.environment[0].first = "A=B"; }));
  EXPECT_NE("", refusal([](JobSpec& s) { s.environment[0].first = ""; }));
  EXPECT_NE("", refusal([](JobSpec& s) { s.mounts[0].inside = "/opt/../etc"; }));
  EXPECT_NE("", refusal([](JobSpec& s) { s.mounts[0].inside = "/"; }));
  EXPECT_NE("", refusal([](JobSpec& s) { s.mounts[0].inside = "opt"; }));
  EXPECT_NE("", refusal([](JobSpec& s) { s.mounts[0].host = "relative"; }));
  EXPECT_NE("", refusal([](JobSpec& s) { s.working_directory = "/a//b"; }));
  EXPECT_NE("", refusal([](JobSpec& s) { s.limits.wall = milliseconds(-1); }));
  EXPECT_NE("", refusal([](JobSpec& s) { s.limits.cpu_cores = -1; }));
  EXPECT_NE("", refusal([](JobSpec& s) { s.limits.cpu_cores = std::stod("nan"); }));
  EXPECT_NE("", refusal([](JobSpec& s) { s.hostname = "a b"; }));
}

TEST(FieldsTest, MalformedDocumentsAreRefused) {
  for (const char* const text :
       {"", "k 1", "k 1\n", "k 2\nend\n", "other 1\nend\n", "k 1\na\nend\n", "k 1\n a\nend\n",
        "k 1\na %4\nend\n", "k 1\na 1\nend", "k 1\nend\na 1\n"}) {
    EXPECT_FALSE(parse_fields("k", text, 100)) << text;
  }
  EXPECT_TRUE(parse_fields("k", "k 1\na %41\nend\n", 100));
  EXPECT_FALSE(parse_fields("k", "k 1\na %41\nend\n", 10));
  EXPECT_FALSE(parse_number("n", "-1"));
  EXPECT_FALSE(parse_number("n", "1x"));
  EXPECT_FALSE(parse_number("n", "99999999999999999999"));
  EXPECT_FALSE(parse_flag("n", "2"));
}

TEST(ReportTest, EndIsReadAsItWasWritten) {
  JobEnd end;
  end.id = "j";
  end.reason = EndReason::killed_memory;
  end.exit_code = -1;
  end.signal = 9;
  end.detail = "used more than\nits limit";
  end.started = Time(microseconds(123));
  end.ended = Time(microseconds(456));
  end.cpu_seconds = 1.25;
  end.memory_peak_bytes = 7;
  end.output_bytes = 8;
  end.dropped_bytes = 9;
  end.isolation = {true, true, false, "cgroup-v2", "sampled", "none", "why not"};
  const auto read = parse_end(encode(end));
  ASSERT_TRUE(read);
  EXPECT_EQ(end, *read);
  EXPECT_FALSE(parse_end("millrace-job-end 1\nreason unheard-of\nend\n"));
  EXPECT_FALSE(parse_end("millrace-job-end 1\nsignal 99999999999\nend\n"));
}

TEST(ReportTest, ProcessIsReadAsItWasWritten) {
  ProcessRecord record{12, 34, 56, 78, "boot", {"/a", "/b c"}, Time(microseconds(9)), {}};
  const auto read = parse_process(encode(record));
  ASSERT_TRUE(read);
  EXPECT_EQ(record, *read);
}

TEST(LogTest, RecordIsReadAsItWasWritten) {
  const std::string text("a\0b", 3);
  const std::string bytes = encode_record(Stream::err, Time(microseconds(77)), text) + "next";
  LogRecord record;
  ASSERT_EQ(LogParse::record, parse_record(bytes, record));
  EXPECT_EQ(Stream::err, record.stream);
  EXPECT_EQ(Time(microseconds(77)), record.time);
  EXPECT_EQ(text, record.text);
  EXPECT_EQ(bytes.size() - 4, record.bytes);
}

TEST(LogTest, EveryCutIsIncompleteAndEveryFlippedBitIsFound) {
  const std::string bytes = encode_record(Stream::out, Time{}, "some text");
  LogRecord record;
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(LogParse::incomplete, parse_record(std::string_view(bytes).substr(0, size), record));
  }
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_NE(LogParse::record, parse_record(flipped, record)) << bit;
  }
}

std::vector<std::string> split(const std::vector<std::string>& pieces) {
  std::vector<std::string> lines;
  LineSplitter splitter;
  const auto keep = [&](std::string_view line) { lines.emplace_back(line); };
  for (const std::string& piece : pieces) splitter.feed(piece, keep);
  splitter.finish(keep);
  return lines;
}

using Lines = std::vector<std::string>;

TEST(LineSplitterTest, LinesAreCutAtTheirEnds) {
  EXPECT_EQ((Lines{"a", "", "b", "c"}), split({"a\n\nb\r\nc"}));
  EXPECT_EQ((Lines{"abc", "d"}), split({"a", "b", "c\r", "\nd\n"}));
  EXPECT_EQ((Lines{}), split({}));
  EXPECT_EQ((Lines{""}), split({"\n"}));
}

TEST(LineSplitterTest, LongLinesBecomePieces) {
  const std::string full(kLogTextMax, 'x');
  EXPECT_EQ((Lines{full}), split({full + "\n"}));
  EXPECT_EQ((Lines{full}), split({full + "\r\n"}));
  EXPECT_EQ((Lines{full, "y"}), split({full + "y\n"}));
  EXPECT_EQ((Lines{full, full, "y", "z"}), split({full + full + "y", "\nz"}));
  // A sequence of three bytes across the limit goes whole into the second piece.
  const std::string shorter(kLogTextMax - 1, 'x');
  EXPECT_EQ((Lines{shorter, "\xE2\x82\xAC"}), split({shorter + "\xE2\x82\xAC\n"}));
}

TEST(Utf8Test, IllFormedBytesAreReplaced) {
  EXPECT_EQ("plain", to_utf8("plain"));
  EXPECT_EQ("\xE2\x82\xAC", to_utf8("\xE2\x82\xAC"));
  EXPECT_EQ(
      "a\xEF\xBF\xBD"
      "b",
      to_utf8("a\xFF"
              "b"));
  EXPECT_EQ("\xEF\xBF\xBD\xEF\xBF\xBD", to_utf8("\xE2\x82"));
  EXPECT_EQ("\xEF\xBF\xBD\xEF\xBF\xBD", to_utf8("\xC0\x80"));
}

TEST(ProcessInfoTest, NamesMayHoldAnything) {
  ProcessInfo info;
  const std::string tail =
      " S 7 12 13 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 9 0 4242 1000 5 18446744073709551615\n";
  ASSERT_TRUE(parse_process_stat("12 (a) S 1 (b) c)" + tail, info));
  EXPECT_EQ(12, info.pid);
  EXPECT_EQ('S', info.state);
  EXPECT_EQ(7, info.parent);
  EXPECT_EQ(13, info.session);
  EXPECT_EQ(9u, info.threads);
  EXPECT_EQ(4242u, info.start);
  EXPECT_GT(info.resident_bytes, 0u);
  EXPECT_FALSE(parse_process_stat("", info));
  EXPECT_FALSE(parse_process_stat("12 (a) S 1", info));
  EXPECT_FALSE(parse_process_stat("12 (a) S x x x x x x x x x x x x x x x x x x x x x x", info));
}

}  // namespace
}  // namespace millrace::jobs
