#include "services/s3/conditions.h"

#include <algorithm>

namespace millrace::s3 {
namespace {

// Whether one of the etags of a header, quoted or not, is that etag.
bool names_etag(std::string_view header, std::string_view etag) {
  while (!header.empty()) {
    const size_t comma = std::min(header.find(','), header.size());
    std::string_view one = header.substr(0, comma);
    header.remove_prefix(std::min(comma + 1, header.size()));
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (one == "*" || bare_etag(one) == etag) return true;
  }
  return false;
}

}  // namespace

// AWS: an etag that is asked for outweighs a date. See get_object.test.
Judgement judge(const ReadConditions& conditions, const objects::Entry& entry) {
  const Time modified = std::chrono::floor<seconds>(entry.modified);  // As Last-Modified says.
  if (!conditions.if_match.empty()) {
    if (!names_etag(conditions.if_match, entry.etag)) return {Verdict::failed, "If-Match"};
  } else if (conditions.if_unmodified_since && modified > *conditions.if_unmodified_since) {
    return {Verdict::failed, "If-Unmodified-Since"};
  }
  if (!conditions.if_none_match.empty()) {
    if (names_etag(conditions.if_none_match, entry.etag)) {
      return {Verdict::not_modified, "If-None-Match"};
    }
  } else if (conditions.if_modified_since && modified <= *conditions.if_modified_since) {
    return {Verdict::not_modified, "If-Modified-Since"};
  }
  return {};
}

Result<objects::Conditions> write_conditions(std::string_view if_match,
                                             std::string_view if_none_match) {
  objects::Conditions out;
  if (!if_none_match.empty()) {
    if (if_none_match != "*" || !if_match.empty()) {
      return fail(problem(Problem::not_implemented, {{"Header", "If-None-Match"}}));
    }
    out.absent = true;
  }
  if (!if_match.empty()) out.etag = bare_etag(if_match);
  return out;
}

Error name_condition(Error error, const objects::Conditions& conditions) {
  if (error.kind == ErrorKind::precondition_failed) {
    error.details.emplace_back("Condition", conditions.absent ? "If-None-Match" : "If-Match");
  }
  return error;
}

}  // namespace millrace::s3
