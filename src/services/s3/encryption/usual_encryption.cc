#include "services/s3/encryption/usual_encryption.h"

namespace millrace::s3 {

namespace {

// AWS: SSE-C is what can be blocked; NONE blocks nothing. See put_bucket_encryption.test.
Result<bool> read_blocked(const api::ServerSideEncryptionRule& rule) {
  const auto types = rule.blocked_encryption_types().encryption_type();
  const bool known =
      types.size() <= 1 && (types.empty() || types[0] == "SSE-C" || types[0] == "NONE");
  if (!known) return fail(problem(Problem::malformed_xml));
  return !types.empty() && types[0] == "SSE-C";
}

}  // namespace

Result<objects::UsualProtection> read_usual_encryption(
    const api::ServerSideEncryptionConfiguration& configuration) {
  if (configuration.rules().size() != 1) return fail(problem(Problem::malformed_xml));
  const api::ServerSideEncryptionRule rule = configuration.rules()[0];
  objects::UsualProtection out;
  TRY(out.refuses_callers, read_blocked(rule));
  if (!rule.has_apply_server_side_encryption_by_default()) {
    if (rule.has_blocked_encryption_types()) return out;
    return fail(problem(Problem::malformed_xml));
  }
  const api::ServerSideEncryptionByDefault by_default =
      rule.apply_server_side_encryption_by_default();
  const std::string_view algorithm = by_default.sse_algorithm();
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
  if (!usual.refuses_callers) return;
  rule.make_blocked_encryption_types().make_encryption_type().append("SSE-C");
}

}  // namespace millrace::s3
