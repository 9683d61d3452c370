#include "runtime/clock.h"
#include "services/s3/encryption/encryption.h"
#include "services/s3/lifecycle/lifecycle_document.h"
#include "services/s3/objects/object_answer.h"
#include "services/s3/replication/replication_state.h"
#include "services/s3/restore/archive.h"
#include "services/s3/transfer.h"
#include "services/s3/versions.h"

namespace millrace::s3 {

Task<GetObjectOutput> get_object(S3& s3, wire::Call& call, GetObjectRequest in) {
  CO_TRY(objects::ObjectId id,
         open_key(s3, call, in.bucket(), in.key(), in.expected_bucket_owner()));
  CO_TRY(check_overrides(call, in));
  CO_TRY(name_version(in, id));
  Result<objects::Reader> opened = co_await s3.objects.read(id);
  if (!opened) co_return fail(read_error(s3, call, id, std::move(opened).error()));
  auto reader = std::make_shared<objects::Reader>(std::move(*opened));
  const objects::Object& object = reader->object();
  CO_TRY(const Secret key, admit_reader(s3, call, object, customer_headers(in)));
  CO_TRY(check_read(call, read_conditions(in), object));
  CO_TRY(check_readable(object.entry, s3.clock.now()));
  CO_TRY(reader->unlock(key));
  CO_TRY(const Selection selection, select_asked(call, in, object));
  auto out = call.make<GetObjectOutput>();
  describe(call, in, out, object, selection);
  CO_TRY(write_replication(s3, out, object.entry));
  write_restore(out, object.entry, s3.clock.now());
  write_encryption(out, object.protection, in.sse_customer_key_md5());
  write_version(s3, out, object.entry);
  if (!in.has_version_id()) {
    CO_TRY(write_expiration(s3, out, object.entry, object.metadata.tags));
  }
  const ByteRange range = selection.range;
  if (call.http != nullptr) {
    CO_TRY(co_await send(call, std::move(reader), range));
    co_return out;
  }
  if (range.length > kInsideBytesMax) {
    co_return fail(invalid_request("The object is too large to be answered as a document"));
  }
  CO_TRY(const Bytes bytes,
         co_await reader->read_at(range.offset, static_cast<size_t>(range.length)));
  out.set_content_length(static_cast<int64_t>(range.length));
  out.set_body(bytes);
  co_return out;
}

}  // namespace millrace::s3
