#include "runtime/clock.h"
#include "services/s3/encryption/encryption.h"
#include "services/s3/lifecycle/lifecycle_document.h"
#include "services/s3/objects/object_answer.h"
#include "services/s3/replication/replication_state.h"
#include "services/s3/restore/archive.h"
#include "services/s3/versions.h"

namespace millrace::s3 {

Task<HeadObjectOutput> head_object(S3& s3, wire::Call& call, HeadObjectRequest in) {
  CO_TRY(objects::ObjectId id,
         open_key(s3, call, in.bucket(), in.key(), in.expected_bucket_owner()));
  CO_TRY(check_overrides(call, in));
  CO_TRY(name_version(in, id));
  const Result<objects::Object> object = s3.objects.describe(id);
  if (!object) co_return fail(read_error(s3, call, id, object.error()));
  // AWS: checksums tell of the bytes, what else is answered does not.
  const bool deciphers = in.checksum_mode() == "ENABLED";
  CO_TRY(admit_reader(s3, call, *object, customer_headers(in), deciphers));
  CO_TRY(check_read(call, read_conditions(in), *object));
  CO_TRY(const Selection selection, select_asked(call, in, *object));
  auto out = call.make<HeadObjectOutput>();
  describe(call, in, out, *object, selection);
  CO_TRY(write_replication(s3, out, object->entry));
  write_restore(out, object->entry, s3.clock.now());
  write_encryption(out, object->protection, in.sse_customer_key_md5());
  write_version(s3, out, object->entry);
  if (!in.has_version_id()) {
    CO_TRY(write_expiration(s3, out, object->entry, object->metadata.tags));
  }
  out.set_content_length(static_cast<int64_t>(selection.range.length));
  co_return out;
}

}  // namespace millrace::s3
