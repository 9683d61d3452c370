// The hyperparameters of SageMaker's Factorization Machines for implicit feedback: bought or not.
// AWS's default learning rates suit dense rows; one-hot features are seen rarely and need more.

export function hyperParameters(dimension, { epochs, factors, factorsLr, linearLr }) {
  return strings({
    feature_dim: dimension,
    num_factors: factors,
    predictor_type: 'binary_classifier',
    epochs,
    mini_batch_size: 1000,
    bias_lr: 0.1,
    linear_lr: linearLr,
    factors_lr: factorsLr,
    bias_wd: 0.01,
    linear_wd: 0.001,
    factors_wd: 0.00001,
    factors_init_method: 'normal',
    factors_init_sigma: 0.01,
  });
}

function strings(values) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}
