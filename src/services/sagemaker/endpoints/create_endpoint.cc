#include "base/hash.h"
#include "services/sagemaker/endpoints/endpoint_rows.h"
#include "services/sagemaker/tags/tag_rows.h"

namespace millrace::sagemaker {
namespace {

constexpr size_t kTagCharacters = 12;

}  // namespace

Task<CreateEndpointOutput> create_endpoint(Sagemaker& sm, wire::Call& call,
                                           CreateEndpointInput in) {
  const std::string name(in.endpoint_name());
  const std::string arn = arn_of(call.realm, "endpoint", name);
  store::Txn txn = sm.db.begin();
  CO_TRY(const std::optional<Endpoint> existing, txn.find(kEndpoints, {call.realm, name}));
  if (existing) co_return fail(already_existing("endpoint", arn));
  const std::string config(in.endpoint_config_name());
  CO_TRY(std::vector<serving::Variant> variants, variants_of(txn, call, config));
  const Time now = sm.clock.now();
  const std::string birth = arn + std::to_string(now.time_since_epoch().count());
  Endpoint endpoint{.realm = call.realm,
                    .name = name,
                    .arn = arn,
                    .status = std::string(kCreating),
                    .config = {},
                    .pending_config = config,
                    .failure_reason = {},
                    .created = now,
                    .modified = now,
                    .tag = to_hex(sha256(birth)).substr(0, kTagCharacters)};
  CO_TRY(serving::Fleets::plan(txn, call.realm, name, endpoint.tag, std::move(variants)));
  CO_TRY(put_new_tags(txn, call.realm, arn, in.tags()));
  put_endpoint(txn, endpoint, now);
  CO_TRY(co_await txn.commit());
  auto out = call.make<CreateEndpointOutput>();
  out.set_endpoint_arn(arn);
  co_return out;
}

}  // namespace millrace::sagemaker
