// AWS's registry path of the Factorization Machines algorithm, by region (the account differs).

const ACCOUNTS = {
  'us-east-1': '382416733822',
  'us-east-2': '404615174143',
  'us-west-2': '174872318107',
  'eu-west-1': '438346466558',
  'eu-central-1': '664544806723',
  'ap-northeast-1': '351501993468',
};

export function factorizationMachinesImage(region) {
  const known = ACCOUNTS[region] ? region : 'us-east-1';
  return `${ACCOUNTS[known]}.dkr.ecr.${known}.amazonaws.com/factorization-machines:1`;
}
