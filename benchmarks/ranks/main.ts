// The ranks suite: `check` makes the table of checks of work by many processes; without it, what a step's time over a network is made of is measured.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { saveResult } from '../results.ts';
import type { RanksCheck } from './check.ts';
import { kills, stopped, terminated } from './checks/ends.ts';
import { everyMpi, fourRanks } from './checks/equal-bytes.ts';
import { openingShards } from './checks/opening.ts';
import { collectives, network } from './checks/times.ts';
import { testChecks } from './checks/tests.ts';
import { measureRanks } from './measure.ts';
import { mpis } from './rank-runs.ts';

const usage = `usage: node benchmarks/run.mjs ranks [check [NAME...]] [--save]

  check     the table of checks, or those named; exit code 1 where one does not hold
  else      all-reduce, exchange of gradients, share of a step, and a step over a simulated network, of 2 ranks

  --save    keep what was found in results/ranks-checks.json, or results/ranks.json

MPIs are the system's, and those of the folders that HYBRIDMED_MPI names (each with bin and lib).
`;

const checks: readonly RanksCheck[] = [...testChecks, everyMpi, fourRanks, kills, stopped, terminated, collectives, network, openingShards];

async function runChecks(names: readonly string[], save: boolean): Promise<boolean> {
  const unknown = names.find((name) => !checks.some((check) => check.name === name));
  if (unknown !== undefined) throw new Error(`there is no check "${unknown}"; there are ${checks.map(({ name }) => name).join(', ')}`);
  const chosen = names.length > 0 ? checks.filter(({ name }) => names.includes(name)) : checks;
  const rows = [];
  for (const { name, check, bar, run } of chosen) {
    const folder = mkdtempSync(join(tmpdir(), 'ranks-check-'));
    const began = performance.now();
    const found = await run(folder).catch((error: unknown) => ({ ok: false, measured: (error as Error).message.split('\n')[0]! }));
    rmSync(folder, { recursive: true, force: true });
    const seconds = Math.round((performance.now() - began) / 1000);
    rows.push({ name, check, bar, ...found, seconds });
    process.stdout.write(`${found.ok ? 'holds' : 'FAILS'}  ${name}: ${found.measured} (${seconds} s)\n`);
  }
  if (save) await saveResult('ranks-checks', { suite: 'ranks-checks', mpis: mpis.map(({ name }) => name), rows });
  return rows.every(({ ok }) => ok);
}

const { values, positionals } = parseArgs({ options: { save: { type: 'boolean', default: false }, help: { type: 'boolean' } }, allowPositionals: true });
if (values.help || (positionals.length > 0 && positionals[0] !== 'check')) process.stdout.write(usage);
else if (positionals[0] === 'check') process.exitCode = (await runChecks(positionals.slice(1), values.save)) ? 0 : 1;
else {
  const document = await measureRanks((line) => process.stderr.write(`${line}\n`));
  if (values.save) await saveResult('ranks', document);
  process.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
}
