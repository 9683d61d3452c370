#include "services/s3/configurations.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "wire/protocols/document.h"

namespace millrace::s3 {
namespace {

Error in_our_words(const ConfigurationId& id, Error error) {
  if (error.kind == ErrorKind::not_found) {
    return problem(Problem::no_such_bucket, {{"BucketName", std::string(id.bucket)}});
  }
  if (error.kind == ErrorKind::precondition_failed) {
    return problem(Problem::too_many_configurations);
  }
  return error;
}

}  // namespace

Result<wire::Value> read_document(const objects::Setting& setting, const wire::Shape& shape,
                                  Arena& arena) {
  Result<wire::Value> value = wire::parse_document(shape, arena.copy(setting.document), arena);
  if (value) return value;
  return fail(ErrorKind::internal,
              fmt::format("the {} configuration of bucket {} is damaged: {}", setting.kind,
                          setting.bucket, value.error().message));
}

Task<void> put_configuration(S3& s3, ConfigurationId id, wire::View view,
                             std::vector<store::Event> events) {
  objects::Setting setting;
  setting.bucket = id.bucket;
  setting.kind = id.kind;
  setting.id = id.id;
  setting.document = wire::write_document(view.shape(), view.as_value());
  Result<void> put = co_await s3.objects.put_setting(std::move(setting), std::move(events));
  if (!put) co_return fail(in_our_words(id, std::move(put).error()));
  co_return ok;
}

Task<void> erase_configuration(S3& s3, ConfigurationId id) {
  Result<void> erased = co_await s3.objects.erase_setting(std::string(id.bucket),
                                                          std::string(id.kind), std::string(id.id));
  if (!erased) co_return fail(in_our_words(id, std::move(erased).error()));
  co_return ok;
}

std::string generated_id(const wire::Call& call, size_t number) {
  return to_hex(sha256(fmt::format("{} {}", call.request_id, number))).substr(0, 32);
}

}  // namespace millrace::s3
