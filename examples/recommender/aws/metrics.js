// What CloudWatch knows of the endpoint without being told.

import { GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';

// Returns { invocations, latencyMs } of the last minutes; undefined where there are no data yet.
export async function endpointMetrics({ cloudwatch }, endpoint) {
  const read = async (MetricName, statistic) => {
    const { Datapoints } = await cloudwatch.send(new GetMetricStatisticsCommand({
      Namespace: 'AWS/SageMaker', MetricName, Statistics: [statistic], Period: 60,
      StartTime: new Date(Date.now() - 10 * 60_000), EndTime: new Date(Date.now() + 60_000),
      Dimensions: [{ Name: 'EndpointName', Value: endpoint },
        { Name: 'VariantName', Value: 'AllTraffic' }],
    }));
    return Datapoints?.map((point) => point[statistic]) ?? [];
  };
  const invocations = await read('Invocations', 'Sum');
  const latencies = await read('ModelLatency', 'Maximum');
  return {
    invocations: invocations.length ? invocations.reduce((a, b) => a + b) : undefined,
    latencyMs: latencies.length ? Math.max(...latencies) / 1000 : undefined,
  };
}
