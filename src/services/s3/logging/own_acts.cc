#include "services/s3/logging/own_acts.h"

#include <array>

#include "runtime/clock.h"
#include "services/s3/versions.h"

namespace millrace::s3 {

std::string_view transition_act(std::string_view storage_class) {
  struct Act {
    std::string_view storage_class, act;
  };
  constexpr std::array kActs = {Act{"STANDARD_IA", "S3.TRANSITION_SIA.OBJECT"},
                                Act{"ONEZONE_IA", "S3.TRANSITION_ZIA.OBJECT"},
                                Act{"INTELLIGENT_TIERING", "S3.TRANSITION_INT.OBJECT"},
                                Act{"GLACIER_IR", "S3.TRANSITION_GIR.OBJECT"},
                                Act{"DEEP_ARCHIVE", "S3.TRANSITION_GDA.OBJECT"}};
  for (const Act& known : kActs) {
    if (known.storage_class == storage_class) return known.act;
  }
  return "S3.TRANSITION.OBJECT";
}

std::string lifecycle_line(const objects::Bucket& bucket, Time time, std::string_view act,
                           const objects::Entry& entry) {
  const std::string owner = owner_id(bucket.owner);
  const std::string size = std::to_string(entry.size_bytes);
  const bool versions = bucket.versioning != objects::Versioning::off;
  const std::string version = versions ? objects::version_name(entry) : "";
  AccessLine line;
  line.owner = owner;
  line.bucket = bucket.name;
  line.time = time;
  line.requester = "AmazonS3";
  line.operation = act;
  line.key = entry.object_key;
  if (!entry.marker && act != kUploadDeleted) line.object_size = size;
  if (act != kUploadDeleted) line.version_id = version;
  return write_access_line(line);
}

std::string batch_line(const S3& s3, const wire::Call& call, const BatchDeletion& deletion) {
  const Result<objects::Bucket> bucket = s3.objects.bucket(deletion.bucket);
  if (!bucket || call.http == nullptr) return {};
  const std::string owner = owner_id(bucket->owner);
  const std::string requester = call.principal.anonymous() ? std::string()
                                : call.principal.root      ? owner_id(call.principal.account)
                                                           : call.principal.arn;
  const std::string size = deletion.size_bytes == 0 ? "" : std::to_string(deletion.size_bytes);
  const std::string host_id = to_base64(call.request_id);
  const bool in_header = call.http->headers.find("authorization").has_value();
  AccessLine line;
  line.owner = owner;
  line.bucket = deletion.bucket;
  line.time = s3.clock.now();
  line.remote = call.http->remote.substr(0, call.http->remote.rfind(':'));
  line.requester = requester;
  line.request_id = call.request_id;
  line.operation = "BATCH.DELETE.OBJECT";
  line.key = deletion.key;
  line.status = deletion.status;
  line.error_code = deletion.error_code;
  line.object_size = size;
  line.version_id = deletion.version;
  line.host_id = host_id;
  if (!requester.empty()) {
    line.signature = "SigV4";
    line.authentication = in_header ? "AuthHeader" : "QueryString";
  }
  line.host = call.http->host;
  return write_access_line(line);
}

}  // namespace millrace::s3
