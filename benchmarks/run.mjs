// Runs a benchmark suite from source: `node benchmarks/run.mjs SUITE [options]`. A suite is a folder here with a main.ts.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = new URL('.', import.meta.url);
const main = (suite) => new URL(`${suite}/main.ts`, folder);
const suites = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(main(entry.name)))
  .map((entry) => entry.name);

const [suite, ...rest] = process.argv.slice(2);
if (suite === undefined || !suites.includes(suite)) {
  const asked = suite === '--help' || suite === '-h';
  const text = `usage: node benchmarks/run.mjs SUITE [options]\nsuites: ${suites.join(', ')}\n`;
  (asked ? process.stdout : process.stderr).write(suite === undefined || asked ? text : `there is no suite "${suite}"\n${text}`);
  process.exit(asked ? 0 : 2);
}
const loader = import.meta.resolve('tsx');
const { status } = spawnSync(process.execPath, ['--conditions=hybridmed-source', '--import', loader, fileURLToPath(main(suite)), ...rest], {
  stdio: 'inherit',
});
process.exit(status ?? 1);
