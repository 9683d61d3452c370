// The lines that a training job prints, worded as SageMaker's built-in algorithms word them, so
// that AWS's metric definitions and the SDK's analytics find what they look for.
//
// Not thread-safe. The clock and the sink outlive it or are called while it lives only.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "engines/ml/metrics.h"
#include "runtime/clock.h"

namespace millrace::ml {

using LogSink = std::function<void(std::string_view line)>;  // Without the line's end.

class JobLog {
 public:
  JobLog(LogSink sink, runtime::Clock& clock, std::string host)
      : sink_(std::move(sink)), clock_(clock), host_(std::move(host)) {}

  void info(std::string_view text);
  void error(std::string_view text);
  // `stage` is what stands between the host and the name: `epoch=0, batch=0 train`, `test`.
  void quality(std::string_view stage, const Measure& measure);
  // Of what stands beside the model: `stage` is `test mean`. SageMaker has no such line.
  void baseline(std::string_view stage, const Measure& measure);
  void progress(uint64_t done, uint64_t total);
  void throughput(double records_per_second);
  void test_score(const Measure& measure);
  Time now() const { return clock_.now(); }

 private:
  void line(std::string_view level, std::string_view text);

  LogSink sink_;
  runtime::Clock& clock_;
  std::string host_;
};

}  // namespace millrace::ml
