// S3 through npm's `minio` and @aws-sdk/client-s3: streams, parts, signed URLs, checksums, pages.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  CopyObjectCommand, CreateBucketCommand, DeleteObjectsCommand, GetObjectAttributesCommand,
  GetObjectCommand, HeadObjectCommand, PutObjectCommand, S3Client, paginateListObjectsV2,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { Client } from 'minio';
import { startServer } from './server.mjs';
import { runTests, test } from './tap.mjs';

const MIB = 1024 * 1024;
const server = await startServer();
const { hostname, port } = new URL(server.url);
const s3 = new S3Client({ ...server.settings, forcePathStyle: true });
const minio = new Client({
  endPoint: hostname,
  port: Number(port),
  useSSL: false,
  region: server.settings.region,
  accessKey: server.settings.credentials.accessKeyId,
  secretKey: server.settings.credentials.secretAccessKey,
  pathStyle: true,
});

const md5 = (bytes) => createHash('md5').update(bytes).digest('hex');
const drain = async (stream) => {
  const pieces = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
};

test('minio: a bucket is made, found, listed and removed', async () => {
  await minio.makeBucket('grain', server.settings.region);
  assert.equal(await minio.bucketExists('grain'), true);
  assert.equal(await minio.bucketExists('no-grain'), false);
  assert.ok((await minio.listBuckets()).some(({ name }) => name === 'grain'));
  await minio.removeBucket('grain');
  assert.equal(await minio.bucketExists('grain'), false);
});

test('minio: objects of all sizes go there and back, with what was said of them', async () => {
  await minio.makeBucket('sizes', server.settings.region);
  for (const size of [0, 1, 16_385, 6 * MIB, 70 * MIB]) {
    const body = randomBytes(size);
    const name = `büro/${size} bytes`;
    await minio.putObject('sizes', name, Readable.from(body), size, {
      'Content-Type': 'application/x-grain', 'X-Amz-Meta-Origin': 'mill',
    });
    const stat = await minio.statObject('sizes', name);
    assert.equal(stat.size, size);
    assert.equal(stat.metaData['content-type'], 'application/x-grain');
    assert.equal(stat.metaData.origin, 'mill');
    assert.equal(md5(await drain(await minio.getObject('sizes', name))), md5(body));
    if (size > 100) {
      const part = await drain(await minio.getPartialObject('sizes', name, 50, 40));
      assert.deepEqual(part, body.subarray(50, 90));
    }
  }
});

test('minio: listings, copies, multi-delete and unfinished uploads', async () => {
  await minio.makeBucket('lists', server.settings.region);
  for (let i = 0; i < 12; i += 1) await minio.putObject('lists', `a/${i % 3}/${i}`, `${i}`);
  const listed = [];
  for await (const item of minio.listObjectsV2('lists', 'a/', false)) listed.push(item.prefix);
  assert.deepEqual(listed, ['a/0/', 'a/1/', 'a/2/']);
  const all = [];
  for await (const item of minio.listObjectsV2('lists', '', true)) all.push(item.name);
  assert.equal(all.length, 12);
  await minio.copyObject('lists', 'copy', '/lists/a/0/3');
  assert.equal((await drain(await minio.getObject('lists', 'copy'))).toString(), '3');
  await minio.removeObjects('lists', [...all, 'copy']);
  const left = [];
  for await (const item of minio.listObjectsV2('lists', '', true)) left.push(item.name);
  assert.deepEqual(left, []);
  await assert.rejects(minio.statObject('lists', 'copy'), { code: 'NotFound' });
});

test('minio: signed URLs put and get without a key, until they are changed', async () => {
  await minio.makeBucket('signed', server.settings.region);
  const put = await minio.presignedPutObject('signed', 'a b', 60);
  assert.equal((await fetch(put, { method: 'PUT', body: 'flour' })).status, 200);
  const get = await minio.presignedGetObject('signed', 'a b', 60, {
    'response-content-type': 'text/x-flour',
  });
  const answer = await fetch(get);
  assert.equal(answer.headers.get('content-type'), 'text/x-flour');
  assert.equal(await answer.text(), 'flour');
  assert.equal((await fetch(get.replace('a%20b', 'a%20c'))).status, 403);
});

test('@aws-sdk: checksums of every kind are sent, kept, told and verified', async () => {
  await s3.send(new CreateBucketCommand({ Bucket: 'checksums' }));
  const body = randomBytes(300_000);
  for (const algorithm of ['CRC32', 'CRC32C', 'SHA1', 'SHA256']) {
    const key = `by-${algorithm}`;
    const put = await s3.send(new PutObjectCommand({
      Bucket: 'checksums', Key: key, Body: body, ChecksumAlgorithm: algorithm,
    }));
    const name = `Checksum${algorithm}`;
    assert.ok(put[name], algorithm);
    const head = await s3.send(new HeadObjectCommand({
      Bucket: 'checksums', Key: key, ChecksumMode: 'ENABLED',
    }));
    assert.equal(head[name], put[name]);
    const got = await s3.send(new GetObjectCommand({
      Bucket: 'checksums', Key: key, ChecksumMode: 'ENABLED',
    }));
    assert.deepEqual(Buffer.from(await got.Body.transformToByteArray()), body);
  }
  await assert.rejects(s3.send(new PutObjectCommand({
    Bucket: 'checksums', Key: 'torn', Body: body, ChecksumCRC32: 'AAAAAA==',
  })), { name: 'BadDigest' });
  await assert.rejects(s3.send(new HeadObjectCommand({ Bucket: 'checksums', Key: 'torn' })),
    { name: 'NotFound' });
});

test('@aws-sdk: a stream of unknown length is uploaded in parts', async () => {
  const pieces = Array.from({ length: 23 }, () => randomBytes(MIB));
  await new Upload({
    client: s3,
    partSize: 5 * MIB,
    params: { Bucket: 'checksums', Key: 'stream', Body: Readable.from(pieces) },
  }).done();
  const attributes = await s3.send(new GetObjectAttributesCommand({
    Bucket: 'checksums', Key: 'stream', ObjectAttributes: ['ETag', 'ObjectSize', 'ObjectParts'],
  }));
  assert.equal(attributes.ObjectSize, 23 * MIB);
  assert.equal(attributes.ObjectParts.TotalPartsCount, 5);
  const got = await s3.send(new GetObjectCommand({ Bucket: 'checksums', Key: 'stream' }));
  assert.equal(md5(Buffer.from(await got.Body.transformToByteArray())), md5(Buffer.concat(pieces)));
});

test('@aws-sdk: a signed URL, a copy with new metadata, pages, a multi-delete', async () => {
  const url = await getSignedUrl(
    s3, new GetObjectCommand({ Bucket: 'checksums', Key: 'by-CRC32' }), { expiresIn: 60 });
  assert.equal((await (await fetch(url)).arrayBuffer()).byteLength, 300_000);
  await s3.send(new CopyObjectCommand({
    Bucket: 'checksums', Key: 'copied', CopySource: 'checksums/by-CRC32',
    MetadataDirective: 'REPLACE', Metadata: { mill: 'race' },
  }));
  const head = await s3.send(new HeadObjectCommand({ Bucket: 'checksums', Key: 'copied' }));
  assert.deepEqual(head.Metadata, { mill: 'race' });
  const keys = [];
  for await (const page of paginateListObjectsV2({ client: s3, pageSize: 2 },
    { Bucket: 'checksums' })) {
    keys.push(...page.Contents.map(({ Key }) => Key));
  }
  assert.deepEqual(keys,
    ['by-CRC32', 'by-CRC32C', 'by-SHA1', 'by-SHA256', 'copied', 'stream']);
  const gone = await s3.send(new DeleteObjectsCommand({
    Bucket: 'checksums', Delete: { Objects: keys.map((Key) => ({ Key })) },
  }));
  assert.equal(gone.Deleted.length, keys.length);
});

await runTests(() => server.close());
