#include "services/s3/encryption/usual_encryption.h"

namespace millrace::s3 {

Result<objects::UsualProtection> read_usual_encryption(
    const api::ServerSideEncryptionConfiguration& configuration) {
  if (configuration.rules().size() != 1) return fail(problem(Problem::malformed_xml));
  const api::ServerSideEncryptionRule rule = configuration.rules()[0];
  if (!rule.has_apply_server_side_encryption_by_default()) {
    return fail(problem(Problem::malformed_xml));
  }
  const api::ServerSideEncryptionByDefault by_default =
      rule.apply_server_side_encryption_by_default();
  const std::string_view algorithm = by_default.sse_algorithm();
  objects::UsualProtection out;
  out.wide = rule.bucket_key_enabled();
  if (algorithm == "aws:kms") {
    out.guard = objects::Guard::named;
    out.name = by_default.kms_master_key_id();
    return out;
  }
  if (algorithm == "aws:kms:dsse") {
    return fail(not_implemented("Dual-layer server-side encryption (aws:kms:dsse)"));
  }
  if (algorithm != "AES256") return fail(problem(Problem::malformed_xml));
  if (by_default.has_kms_master_key_id()) {
    return fail(
        invalid_argument("a KMSMasterKeyID is not applicable if the default sse algorithm is not "
                         "aws:kms or aws:kms:dsse",
                         "ApplyServerSideEncryptionByDefault", algorithm));
  }
  out.guard = objects::Guard::platform;
  return out;
}

void write_usual_encryption(const api::ServerSideEncryptionConfiguration& out,
                            const objects::UsualProtection& usual) {
  const auto rule = out.make_rules().append();
  const auto by_default = rule.make_apply_server_side_encryption_by_default();
  const bool named = usual.guard == objects::Guard::named;
  by_default.set_sse_algorithm(named ? "aws:kms" : "AES256");
  if (!usual.name.empty()) by_default.set_kms_master_key_id(usual.name);
  rule.set_bucket_key_enabled(usual.wide);
}

}  // namespace millrace::s3
