// Which data set --data means, and where its files are.

import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { UsageError } from '../options.js';
import { completeJourney } from './complete_journey.js';
import { onlineRetail } from './online_retail.js';
import { makeShop } from './shop.js';
import { simulatedShop } from './simulated_shop.js';

// The first that is found is taken.
const REAL = [onlineRetail, completeJourney];

// Returns { dataset, files, path(table), open(), close() }. open() makes the files where they are
// not there yet: without a path, the shop as CSV in a folder of its own, which close() removes.
export async function findSource(path, seed) {
  return path === undefined ? shopSource(seed) : realSource(path);
}

async function realSource(path) {
  let names;
  try {
    names = await readdir(path);
  } catch (error) {
    throw new UsageError(`--data: cannot read the folder ${path} (${error.code})`);
  }
  for (const dataset of REAL) {
    const folder = names.includes(dataset.name) ? join(path, dataset.name) : path;
    const found = folder === path ? names : await readdir(folder);
    if (dataset.files.every(({ file }) => found.includes(file))) {
      return source(dataset, folder);
    }
  }
  const wanted = REAL.map(({ name, files }) => `${name}/ (${files.map((f) => f.file).join(', ')})`);
  throw new UsageError(`--data: neither ${wanted.join(' nor ')} in ${path}`);
}

async function shopSource(seed) {
  const folder = await mkdtemp(join(tmpdir(), 'recommender-'));
  return {
    ...source(simulatedShop, folder),
    async open() {
      const { tables } = makeShop({ seed });
      for (const { table, file } of simulatedShop.files) {
        await writeFile(join(folder, file), tables[table]);
      }
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

function source(dataset, folder) {
  const files = dataset.files.map(({ table, file }) => ({ table, path: join(folder, file) }));
  return {
    dataset,
    files: files.map(({ path }) => ({ name: basename(path), path })),
    path: (table) => files.find((entry) => entry.table === table).path,
    async open() {},
    async close() {},
  };
}
