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

// Whether the range is asked for of other bytes than these (RFC 9110, 13.1.5).
bool is_of_other_bytes(const wire::Call& call, const objects::Entry& entry) {
  const auto validator = call.http == nullptr ? std::nullopt : call.http->headers.find("if-range");
  if (!validator) return false;
  if (validator->starts_with('"')) return *validator != quoted_etag(entry.etag);
  return *validator != to_http_date(std::chrono::floor<seconds>(entry.modified));
}

}  // namespace

Result<Selection> select_bytes(wire::Call& call, const objects::Object& object,
                               std::string_view range, std::optional<int64_t> part_number) {
  const uint64_t size = object.entry.size_bytes;
  if (part_number && !range.empty()) {
    return fail(invalid_request("Cannot specify both Range header and partNumber query parameter"));
  }
  if (part_number) return select_part(object, *part_number);
  const ParsedRange parsed = parse_range(range, size);
  if (parsed.kind != RangeKind::ignored && is_of_other_bytes(call, object.entry)) {
    return Selection{{0, size}, false, nullptr};
  }
  if (parsed.kind == RangeKind::unsatisfiable) {
    call.response_headers.set("Content-Range", fmt::format("bytes */{}", size));
    return fail(problem(Problem::invalid_range, {{"RangeRequested", std::string(range)},
                                                 {"ActualObjectSize", std::to_string(size)}}));
  }
  if (parsed.kind == RangeKind::ignored) return Selection{{0, size}, false, nullptr};
  return Selection{parsed.range, true, nullptr};
}

Result<void> check_read(wire::Call& call, const ReadConditions& conditions,
                        const objects::Object& object) {
  const Judgement judgement = judge(conditions, object.entry);
  if (judgement.verdict == Verdict::proceed) return {};
  if (judgement.verdict == Verdict::failed) {
    return fail(
        problem(Problem::precondition_failed, {{"Condition", std::string(judgement.condition)}}));
  }
  // RFC 9110, 15.4.5: what a 200 would have carried for a cache.
  http::Headers& headers = call.response_headers;
  headers.set("ETag", quoted_etag(object.entry.etag));
  headers.set("Last-Modified", to_http_date(std::chrono::floor<seconds>(object.entry.modified)));
  const Attributes& attributes = object.metadata.attributes;
  for (const auto& [name, header] :
       {std::pair{kCacheControl, "Cache-Control"}, std::pair{kExpires, "Expires"}}) {
    const std::string_view value = find_attribute(attributes, name);
    if (!value.empty()) headers.set(header, std::string(value));
  }
  return fail(problem(Problem::not_modified));
}

}  // namespace millrace::s3
