// Compares two documents of a suite: which cases got slower beyond noise.
import { parseArgs } from 'node:util';
import { readDocuments } from '../harness/document.ts';
import { UsageError, runSuite } from '../harness/options.ts';
import type { Comparison } from './compare.ts';
import { compareRows } from './compare.ts';

const usage = `usage: npm run bench -- compare A.json B.json [options]

Which cases of B are slower than in A beyond noise (no sample overlaps, medians more than 5 % apart), faster, or wrong now; and which
are unclear, since their samples are too noisy or too few to tell. Only rows of one adapter and engine are compared. Exit code 1 if a
case is slower or wrong now.

  --all           also the cases that stayed the same
  --json          one JSON document {"comparisons": [...]} on standard output, and nothing else there
`;

const formatTime = (ms: number | null): string => (ms === null ? '-' : `${ms >= 100 ? ms.toFixed(0) : ms.toPrecision(3)} ms`);

function line({ kernel, case: name, pass, engine, before, after, ratio, verdict, reason }: Comparison): string {
  const change = ratio === null ? '' : `  ${ratio >= 1 ? `${ratio.toFixed(2)} times the time` : `${(1 / ratio).toFixed(2)} times as fast`}`;
  return `${verdict.padEnd(9)}  ${`${kernel}: ${name}`.padEnd(64)}  ${pass.padEnd(8)}  ${engine.padEnd(11)}  ${formatTime(before).padStart(9)} -> ${formatTime(after).padStart(9)}${change}${reason === undefined ? '' : `  (${reason})`}`;
}

await runSuite(usage, async () => {
  const { values, positionals } = parseArgs({
    args: process.argv.slice(2),
    allowPositionals: true,
    options: { all: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
  });
  if (positionals.length !== 2) throw new UsageError(`give two files, A.json and B.json, not ${positionals.length}`);
  const [before, after] = await readDocuments(positionals);
  const comparisons = compareRows(before!.rows, after!.rows);
  const count = (...verdicts: Comparison['verdict'][]) => comparisons.filter(({ verdict }) => verdicts.includes(verdict)).length;
  const common = comparisons.length - count('gone', 'new');
  if (common === 0) throw new Error('the files share no case of one engine on one adapter; measure both on the same adapter');
  const order: Comparison['verdict'][] = ['now wrong', 'slower', 'faster', 'now right', 'unclear', 'gone', 'new', ...(values.all ? ['same' as const] : [])];
  if (values.json) process.stdout.write(`${JSON.stringify({ comparisons })}\n`);
  else {
    for (const verdict of order) for (const each of comparisons) if (each.verdict === verdict) process.stdout.write(`${line(each)}\n`);
    process.stdout.write(
      `${common} cases compared: ${count('slower')} slower, ${count('faster')} faster, ${count('same')} the same, ${count('unclear')} unclear (too noisy to tell), ${count('now wrong')} wrong now, ${count('now right')} right now\n`,
    );
  }
  return count('slower', 'now wrong') === 0 ? 0 : 1;
});
