// Tests in the order in which they stand, reported in TAP's words.

const tests = [];

export function test(name, run) {
  tests.push({ name, run });
}

// Runs them all, then `close`. The process's exit code says how it went.
export async function runTests(close) {
  let number = 0;
  for (const { name, run } of tests) {
    number += 1;
    try {
      await run();
      console.log(`ok ${number} ${name}`);
    } catch (error) {
      process.exitCode = 1;
      console.log(error);
      console.log(`not ok ${number} ${name}`);
    }
  }
  await close();
}
