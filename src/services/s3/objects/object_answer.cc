#include "services/s3/objects/object_answer.h"

#include <algorithm>

namespace millrace::s3 {
namespace {

constexpr int64_t kPartNumberMax = 10'000;

Result<Selection> select_part(const objects::Object& object, int64_t number) {
  if (number < 1 || number > kPartNumberMax) {
    return fail(invalid_argument("Part number must be an integer between 1 and 10000, inclusive",
                                 "partNumber", std::to_string(number)));
  }
  const size_t count = std::max<size_t>(object.parts.size(), 1);
  if (static_cast<size_t>(number) > count) {
    return fail(
        problem(Problem::invalid_part_number, {{"PartNumberRequested", std::to_string(number)},
                                               {"ActualPartCount", std::to_string(count)}}));
  }
  Selection out{{0, object.entry.size_bytes}, object.entry.size_bytes != 0, nullptr};
  if (object.parts.empty()) return out;
  // AWS: parts of a finished object are counted from 1, whatever their numbers were.
  out.part = &object.parts[static_cast<size_t>(number - 1)];
  for (const objects::ComposedPart* part = object.parts.data(); part != out.part; ++part) {
    out.range.offset += part->size_bytes;
  }
  out.range.length = out.part->size_bytes;
  out.partial = out.range.length != 0;
  return out;
}

}  // namespace

Result<Selection> select_bytes(const objects::Object& object, std::string_view range,
                               std::optional<int64_t> part_number) {
  const uint64_t size = object.entry.size_bytes;
  if (part_number && !range.empty()) {
    return fail(invalid_request("Cannot specify both Range header and partNumber query parameter"));
  }
  if (part_number) return select_part(object, *part_number);
  const ParsedRange parsed = parse_range(range, size);
  if (parsed.kind == RangeKind::unsatisfiable) {
    return fail(problem(Problem::invalid_range, {{"RangeRequested", std::string(range)},
                                                 {"ActualObjectSize", std::to_string(size)}}));
  }
  if (parsed.kind == RangeKind::ignored) return Selection{{0, size}, false, nullptr};
  return Selection{parsed.range, true, nullptr};
}

Result<void> check_read(wire::Call& call, const ReadConditions& conditions,
                        const objects::Entry& entry) {
  const Judgement judgement = judge(conditions, entry);
  if (judgement.verdict == Verdict::proceed) return {};
  if (judgement.verdict == Verdict::failed) {
    return fail(
        problem(Problem::precondition_failed, {{"Condition", std::string(judgement.condition)}}));
  }
  call.response_headers.set("ETag", quoted_etag(entry.etag));
  call.response_headers.set("Last-Modified",
                            to_http_date(std::chrono::floor<seconds>(entry.modified)));
  return fail(problem(Problem::not_modified));
}

}  // namespace millrace::s3
