// The bucket of the example: raw/<dataset>/, runs/<run>/train/, runs/<run>/test/, models.

import { readFile } from 'node:fs/promises';

import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';

// Creates the bucket of this account and region unless it is there. Returns its name.
export async function ensureBucket({ s3, account, region }) {
  const Bucket = `recommender-${account}-${region}`;
  const location = region === 'us-east-1' ? {}
    : { CreateBucketConfiguration: { LocationConstraint: region } };
  try {
    await s3.send(new CreateBucketCommand({ Bucket, ...location }));
  } catch (error) {
    if (error.name !== 'BucketAlreadyOwnedByYou') throw error;
  }
  return Bucket;
}

// Uploads files under a prefix. Returns the bytes sent.
export async function uploadFiles({ s3 }, bucket, prefix, files) {
  let bytes = 0;
  for (const { name, path } of files) {
    const Body = await readFile(path);
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: `${prefix}${name}`, Body }));
    bytes += Body.length;
  }
  return bytes;
}

// Uploads the parts of one training channel. Returns its s3:// prefix.
export async function uploadParts({ s3 }, bucket, prefix, parts) {
  await Promise.all(parts.map((Body, i) => s3.send(new PutObjectCommand({
    Bucket: bucket,
    Key: `${prefix}part-${String(i).padStart(5, '0')}.pb`,
    Body,
    ContentType: 'application/x-recordio-protobuf',
  }))));
  return `s3://${bucket}/${prefix}`;
}
