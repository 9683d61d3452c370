#include "services/s3/logging/access_line.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/uri.h"

namespace millrace::s3 {
namespace {

// The names of what a query asks about. Where it is of a bucket and of an object, the latter's.
struct Resource {
  std::string_view parameter, bucket, object;
};
constexpr Resource kResources[] = {
    {"accelerate", "ACCELERATE", ""},
    {"acl", "ACL", "ACL"},
    {"attributes", "", "OBJECT_ATTRIBUTES"},
    {"cors", "CORS", ""},
    {"delete", "MULTI_OBJECT_DELETE", ""},
    {"encryption", "ENCRYPTION", ""},
    {"inventory", "INVENTORY", ""},
    {"legal-hold", "", "OBJECT_LOCK_LEGALHOLD"},
    {"lifecycle", "LIFECYCLE", ""},
    {"location", "LOCATION", ""},
    {"logging", "LOGGING_STATUS", ""},
    {"notification", "NOTIFICATION", ""},
    {"object-lock", "OBJECT_LOCK_CONFIGURATION", ""},
    {"ownershipControls", "OWNERSHIP_CONTROLS", ""},
    {"partNumber", "", "PART"},
    {"policy", "BUCKETPOLICY", ""},
    {"policyStatus", "POLICY_STATUS", ""},
    {"publicAccessBlock", "PUBLIC_ACCESS_BLOCK", ""},
    {"replication", "REPLICATION", ""},
    {"requestPayment", "REQUEST_PAYMENT", ""},
    {"restore", "", "OBJECT_RESTORE"},
    {"retention", "", "OBJECT_LOCK_RETENTION"},
    {"select", "", "SELECT_OBJECT_CONTENT"},
    {"tagging", "TAGGING", "OBJECT_TAGGING"},
    {"uploadId", "", "UPLOAD"},
    {"uploads", "UPLOADS", "UPLOADS"},
    {"versioning", "VERSIONING", ""},
    {"versions", "BUCKETVERSIONS", ""},
    {"website", "WEBSITE", ""},
};

std::string_view resource_of(const AccessWhat& what) {
  std::string_view query = what.query;
  std::string_view best;
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view parameter = query.substr(0, std::min(query.find('='), end));
    query.remove_prefix(std::min(end + 1, query.size()));
    const auto* const found = std::ranges::find(kResources, parameter, &Resource::parameter);
    if (found == std::end(kResources)) continue;
    const std::string_view name = what.object ? found->object : found->bucket;
    // A part is named by its number and by its upload; a GET of a part is one of the object.
    if (name == "PART" && what.method != "PUT") continue;
    if (best.empty() || name == "PART") best = name;
  }
  return best;
}

std::string_view or_dash(std::string_view text) { return text.empty() ? "-" : text; }

// What a client sends stays within its quotes and its line.
std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : or_dash(text)) {
    const bool plain = c >= ' ' && c != '"' && c != 0x7F;
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out + "\"";
}

}  // namespace

std::string access_operation(const AccessWhat& what) {
  std::string_view resource = resource_of(what);
  if (resource.empty()) resource = what.object ? "OBJECT" : "BUCKET";
  const std::string_view method = what.copies ? "COPY" : what.method;
  return fmt::format("{}.{}.{}", what.website ? "WEBSITE" : "REST", method, resource);
}

std::string write_access_line(const AccessLine& line) {
  const auto when = std::chrono::floor<seconds>(line.time);
  std::string out =
      fmt::format("{} {} [{:%d/%b/%Y:%H:%M:%S} +0000] {} {} {} {} {} ", line.owner, line.bucket,
                  when, or_dash(line.remote), or_dash(line.requester), or_dash(line.request_id),
                  line.operation, line.key.empty() ? "-" : uri_encode(line.key, true));
  const std::string status = line.status == 0 ? "" : std::to_string(line.status);
  if (line.method.empty()) {
    out += fmt::format("- {} {} - {} - - - -", or_dash(status), or_dash(line.error_code),
                       or_dash(line.object_size));
  } else {
    out += in_quotes(fmt::format("{} {} HTTP/1.{}", line.method, line.target, line.version_minor));
    out += fmt::format(" {} {} {} {} {} {} ", status, or_dash(line.error_code),
                       or_dash(line.bytes_sent), or_dash(line.object_size), line.taken.count(),
                       line.taken.count());
    out += in_quotes(line.referer) + " " + in_quotes(line.agent);
  }
  out += fmt::format(" {} {} {} - {} {} - - -\n", or_dash(line.version_id), or_dash(line.host_id),
                     or_dash(line.signature), or_dash(line.authentication), or_dash(line.host));
  return out;
}

std::optional<Time> day_of(std::string_view line) {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  constexpr size_t kDateBytes = 11;  // 06/Feb/2019
  const size_t open = line.find('[');
  if (open == std::string_view::npos || line.size() < open + 1 + kDateBytes) return std::nullopt;
  const std::string_view date = line.substr(open + 1, kDateBytes);
  unsigned day = 0;
  int year = 0;
  std::from_chars(date.data(), date.data() + 2, day);
  std::from_chars(date.data() + 7, date.data() + kDateBytes, year);
  const auto* const month = std::ranges::find(kMonths, date.substr(3, 3));
  const std::chrono::year_month_day whole{
      std::chrono::year(year),
      std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
      std::chrono::day(day)};
  if (!whole.ok()) return std::nullopt;
  return Time(std::chrono::sys_days(whole).time_since_epoch());
}

}  // namespace millrace::s3
