// The whole suite: builds (which checks types), checks the tests' types, lints, runs every test, and ends with one plain line.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const only = process.argv.slice(2);

/** Runs a program in the root, or a command of node_modules/.bin by its name; resolves to its exit code. */
function run(command, args) {
  return new Promise((resolve) => {
    const program = command === process.execPath ? command : join(root, 'node_modules/.bin', command);
    const child = spawn(program, args, { cwd: root, stdio: 'inherit' });
    child.on('error', (error) => {
      process.stderr.write(`${command}: ${error.message}; run npm ci first\n`);
      resolve(1);
    });
    child.on('close', (code) => resolve(code ?? 1));
  });
}

let [passed, failed] = [0, 0];

/** Counts one check as a test. */
async function check(name, command, args) {
  process.stdout.write(`\n# ${name}\n`);
  const code = await run(command, args);
  if (code === 0) passed++;
  else failed++;
  return code === 0;
}

const folder = mkdtempSync(join(tmpdir(), 'hybridmed-test-'));
try {
  if (only.length === 0) {
    await check('build', process.execPath, [join(root, 'tools/turbo.mjs'), 'run', 'build', '--output-logs=errors-only']);
    await check('types of tests and tools', 'tsc', ['-p', 'tsconfig.test.json', '--noEmit']);
    await check('lint', 'oxlint', ['--deny-warnings']);
    await check('format', 'oxfmt', ['--check']);
  }
  process.stdout.write('\n# tests\n');
  const report = join(folder, 'report.json');
  const code = await run('vitest', ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...only]);
  try {
    const { numPassedTests, numFailedTests, numFailedTestSuites, numPendingTests } = JSON.parse(readFileSync(report, 'utf8'));
    passed += numPassedTests;
    failed += numFailedTests;
    if (numPendingTests > 0) process.stdout.write(`${numPendingTests} tests were skipped; each says why in its name\n`);
    // A file that does not load has no tests to fail.
    if (code !== 0 && numFailedTests === 0) failed += Math.max(1, numFailedTestSuites);
  } catch {
    failed++;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
