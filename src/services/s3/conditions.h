// Conditional requests: If-Match and its kin, on reads, writes and the sources of copies.
// Pure. Source: S3 User Guide, "Conditional requests"; RFC 9110, 13.
#pragma once

#include <optional>
#include <string_view>

#include "services/s3/s3.h"

namespace millrace::s3 {

struct ReadConditions {
  std::string_view if_match;
  std::string_view if_none_match;
  std::optional<Time> if_modified_since;
  std::optional<Time> if_unmodified_since;
};

enum class Verdict { proceed, not_modified, failed };

// Also which header it was that did not hold.
struct Judgement {
  Verdict verdict = Verdict::proceed;
  std::string_view condition;
};

Judgement judge(const ReadConditions& conditions, const objects::Entry& entry);

template <class In>
ReadConditions read_conditions(const In& in) {
  ReadConditions out{in.if_match(), in.if_none_match(), std::nullopt, std::nullopt};
  if (in.has_if_modified_since()) out.if_modified_since = in.if_modified_since();
  if (in.has_if_unmodified_since()) out.if_unmodified_since = in.if_unmodified_since();
  return out;
}

// Of the source of a copy, where AWS has no 304.
template <class In>
Result<void> check_source(const In& in, const objects::Entry& entry) {
  ReadConditions conditions{in.copy_source_if_match(), in.copy_source_if_none_match(), std::nullopt,
                            std::nullopt};
  if (in.has_copy_source_if_modified_since()) {
    conditions.if_modified_since = in.copy_source_if_modified_since();
  }
  if (in.has_copy_source_if_unmodified_since()) {
    conditions.if_unmodified_since = in.copy_source_if_unmodified_since();
  }
  const Judgement judgement = judge(conditions, entry);
  if (judgement.verdict == Verdict::proceed) return {};
  return fail(problem(Problem::precondition_failed,
                      {{"Condition", "x-amz-copy-source-" + std::string(judgement.condition)}}));
}

// Of writes. Errors: NotImplemented (AWS takes only `*` for If-None-Match).
Result<objects::Conditions> write_conditions(std::string_view if_match,
                                             std::string_view if_none_match);
// The error of a write whose condition did not hold, with its name.
Error name_condition(Error error, const objects::Conditions& conditions);

}  // namespace millrace::s3
