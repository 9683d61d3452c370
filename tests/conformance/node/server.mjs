// One throw-away `millrace serve` of a test's own, for the tests that run in node.

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import readline from 'node:readline';

const KEYS = {
  accessKeyId: 'AKIACONFORMANCETESTS',
  secretAccessKey: 'a-secret-that-only/the+tests=know',
};
const STOP_MS = 20_000;

// Ends the jobs that have outlived the server: their supervisors' ids stand in jobs/<id>/lock.
async function endJobs(data) {
  const ids = await readdir(path.join(data, 'jobs')).catch(() => []);
  for (const id of ids) {
    const lock = await readFile(path.join(data, 'jobs', id, 'lock'), 'utf8').catch(() => '');
    const pid = Number.parseInt(lock, 10);
    const command = pid > 0 ? await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '') : '';
    if (command.includes('launch-job')) process.kill(pid, 'SIGKILL');
  }
}

// Starts it and waits until it is ready. `settings` are for every SDK client; close() stops it and
// answers its exit code.
export async function startServer() {
  const folder = await mkdtemp(path.join(tmpdir(), 'server-'));
  const data = path.join(folder, 'data');
  const child = spawn(
    process.env.MILLRACE_BIN,
    ['serve', '--data', data, '--port', '0', '--scratch', '--log', 'warning'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        MILLRACE_ACCESS_KEY_ID: KEYS.accessKeyId,
        MILLRACE_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
      },
    },
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const atExit = () => child.kill('SIGKILL');
  process.once('exit', atExit);
  const close = async () => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    const code = await ended;
    clearTimeout(timer);
    process.removeListener('exit', atExit);
    await endJobs(data);
    await rm(folder, { recursive: true, force: true });
    return code;
  };
  for await (const line of readline.createInterface({ input: child.stdout })) {
    const address = /http:\/\/[\w.]+:\d+/.exec(line);
    if (!address) continue;
    child.stdout.resume();
    const settings = {
      endpoint: address[0],
      region: 'us-east-1',
      credentials: KEYS,
      maxAttempts: 1,
    };
    return { url: address[0], settings, close };
  }
  await close();
  throw new Error('the server did not start');
}
