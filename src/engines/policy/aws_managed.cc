#include "engines/policy/aws_managed.h"

#include <algorithm>

namespace millrace::policy {
namespace {

constexpr AwsManagedPolicy kPolicies[] = {
    {"/", "AWSCloudFormationFullAccess"},
    {"/", "AWSCloudFormationReadOnlyAccess"},
    {"/", "AWSCodeCommitFullAccess"},
    {"/", "AWSCodeCommitPowerUser"},
    {"/", "AWSCodeCommitReadOnly"},
    {"/", "AWSGlueConsoleFullAccess"},
    {"/service-role/", "AWSGlueServiceRole"},
    {"/service-role/", "AWSLambdaBasicExecutionRole"},
    {"/service-role/", "AWSLambdaDynamoDBExecutionRole"},
    {"/", "AWSLambdaExecute"},
    {"/", "AWSLambdaInvocation-DynamoDB"},
    {"/service-role/", "AWSLambdaKinesisExecutionRole"},
    {"/service-role/", "AWSLambdaRole"},
    {"/service-role/", "AWSLambdaSQSQueueExecutionRole"},
    {"/service-role/", "AWSLambdaVPCAccessExecutionRole"},
    {"/", "AWSLambda_FullAccess"},
    {"/", "AWSLambda_ReadOnlyAccess"},
    {"/service-role/", "AWSQuicksightAthenaAccess"},
    {"/", "AWSStepFunctionsConsoleFullAccess"},
    {"/", "AWSStepFunctionsFullAccess"},
    {"/", "AWSStepFunctionsReadOnlyAccess"},
    {"/", "AdministratorAccess"},
    {"/", "AmazonAPIGatewayAdministrator"},
    {"/", "AmazonAPIGatewayInvokeFullAccess"},
    {"/service-role/", "AmazonAPIGatewayPushToCloudWatchLogs"},
    {"/", "AmazonAthenaFullAccess"},
    {"/", "AmazonDynamoDBFullAccess"},
    {"/", "AmazonDynamoDBReadOnlyAccess"},
    {"/", "AmazonEC2ContainerRegistryFullAccess"},
    {"/", "AmazonEC2ContainerRegistryPowerUser"},
    {"/", "AmazonEC2ContainerRegistryReadOnly"},
    {"/service-role/", "AmazonECSTaskExecutionRolePolicy"},
    {"/", "AmazonECS_FullAccess"},
    {"/", "AmazonEKSClusterPolicy"},
    {"/", "AmazonEKSWorkerNodePolicy"},
    {"/", "AmazonEKS_CNI_Policy"},
    {"/", "AmazonElasticFileSystemFullAccess"},
    {"/service-role/", "AmazonElasticMapReduceRole"},
    {"/service-role/", "AmazonElasticMapReduceforEC2Role"},
    {"/", "AmazonEventBridgeFullAccess"},
    {"/", "AmazonEventBridgeReadOnlyAccess"},
    {"/", "AmazonRDSFullAccess"},
    {"/", "AmazonRDSReadOnlyAccess"},
    {"/", "AmazonRedshiftFullAccess"},
    {"/", "AmazonRedshiftReadOnlyAccess"},
    {"/", "AmazonS3FullAccess"},
    {"/", "AmazonS3ReadOnlyAccess"},
    {"/", "AmazonSNSFullAccess"},
    {"/", "AmazonSNSReadOnlyAccess"},
    {"/", "AmazonSQSFullAccess"},
    {"/", "AmazonSQSReadOnlyAccess"},
    {"/", "AmazonSageMakerFeatureStoreAccess"},
    {"/", "AmazonSageMakerFullAccess"},
    {"/", "AmazonSageMakerModelRegistryFullAccess"},
    {"/", "AmazonSageMakerPipelinesIntegrations"},
    {"/", "AmazonSageMakerReadOnly"},
    {"/", "CloudWatchAgentServerPolicy"},
    {"/", "CloudWatchEventsFullAccess"},
    {"/", "CloudWatchFullAccess"},
    {"/", "CloudWatchFullAccessV2"},
    {"/", "CloudWatchLogsFullAccess"},
    {"/", "CloudWatchLogsReadOnlyAccess"},
    {"/", "CloudWatchReadOnlyAccess"},
    {"/job-function/", "DataScientist"},
    {"/job-function/", "DatabaseAdministrator"},
    {"/", "IAMFullAccess"},
    {"/", "IAMReadOnlyAccess"},
    {"/", "IAMUserChangePassword"},
    {"/", "PowerUserAccess"},
    {"/", "ReadOnlyAccess"},
    {"/", "SecurityAudit"},
    {"/job-function/", "ViewOnlyAccess"},
};
static_assert(std::ranges::is_sorted(kPolicies, {}, &AwsManagedPolicy::name));

}  // namespace

std::span<const AwsManagedPolicy> aws_managed_policies() { return kPolicies; }

bool is_aws_managed(std::string_view path, std::string_view name) {
  const auto* const found = std::ranges::lower_bound(kPolicies, name, {}, &AwsManagedPolicy::name);
  return found != std::end(kPolicies) && found->name == name && found->path == path;
}

}  // namespace millrace::policy
