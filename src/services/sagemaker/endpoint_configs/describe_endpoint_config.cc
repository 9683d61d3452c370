#include "services/sagemaker/documents.h"

namespace millrace::sagemaker {

Task<DescribeEndpointConfigOutput> describe_endpoint_config(Sagemaker& sm, wire::Call& call,
                                                            DescribeEndpointConfigInput in) {
  const std::string name(in.endpoint_config_name());
  store::Txn txn = sm.db.begin();
  CO_TRY(const std::optional<NamedDocument> row, txn.find(kEndpointConfigs, {call.realm, name}));
  if (!row) {
    co_return fail(
        could_not_find("endpoint configuration", arn_of(call.realm, "endpoint-config", name)));
  }
  CO_TRY(const CreateEndpointConfigInput created,
         read_document<CreateEndpointConfigInput>(call, row->document));
  auto out = call.make<DescribeEndpointConfigOutput>();
  out.share_members(created);
  out.set_endpoint_config_arn(row->arn);
  out.set_creation_time(row->created);
  if (!out.has_enable_network_isolation()) out.set_enable_network_isolation(false);
  co_return out;
}

}  // namespace millrace::sagemaker
