// Checks that tests make: a row holds where every test that its pattern names has run and passed, and none was skipped.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RanksCheck } from '../check.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly { readonly assertionResults: readonly { readonly status: string; readonly title: string }[] }[];
}

interface TestRow extends Omit<RanksCheck, 'run'> {
  /** Test files, and a pattern of the tests' names. */
  readonly files: readonly string[];
  readonly tests: string;
}

const testRow = ({ files, tests, ...row }: TestRow): RanksCheck => ({
  ...row,
  async run(folder) {
    const report = join(folder, 'report.json');
    const args = ['vitest', 'run', ...files, '-t', tests, '--reporter', 'json', '--outputFile', report];
    const { stderr } = spawnSync('npx', args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 });
    let result: Report;
    try {
      result = JSON.parse(readFileSync(report, 'utf8')) as Report;
    } catch {
      return { ok: false, measured: `the tests did not run: ${stderr.trim().split('\n').at(-1) ?? ''}` };
    }
    // Tests that the pattern does not name are listed as skipped too.
    const own = result.testResults.flatMap(({ assertionResults }) => assertionResults).filter(({ status }) => status !== 'skipped' && status !== 'pending');
    const passed = own.filter(({ status }) => status === 'passed').length;
    return { ok: passed > 0 && passed === own.length, measured: `${passed} of ${own.length} tests passed` };
  },
});

const parts = 'equal bytes or JSON; a part that is missing is refused with its number';

/** The rows. */
export const testChecks: readonly RanksCheck[] = [
  testRow({
    name: 'two-ranks',
    check: 'two ranks with a pass each against one process, both stages, with dropout, augmentation, positives and length order',
    bar: 'equal bytes of models and moments',
    files: ['packages/runtime/test/ranks.test.ts'],
    tests: 'leave the bytes of one',
  }),
  testRow({
    name: 'step',
    check: 'a step of two ranks against that of one process, every plan; two and four ranks with four passes',
    bar: 'equal bits with a pass each; within rounding otherwise',
    files: ['packages/training/test/ranks.test.ts'],
    tests: 'ranks',
  }),
  testRow({
    name: 'refused',
    check: 'ranks that were started unlike, in a number that does not divide the passes, or make other calls',
    bar: 'refused before the first step with rank and fact',
    files: ['packages/runtime/test/ranks.test.ts', 'packages/ranks/test/mpi.test.ts'],
    tests: 'started unlike|every rank refuses|different calls|two MPIs',
  }),
  testRow({
    name: 'no-mpi',
    check: 'no MPI installed',
    bar: 'no load attempted; --ranks mpi says what to install',
    files: ['packages/ranks/test/launch.test.ts'],
    tests: 'libraries',
  }),
  testRow({
    name: 'exchange',
    check: 'gradients changed where they lie, over many steps',
    bar: 'no memory is taken in steady state',
    files: ['packages/onnx/test/exchange.test.ts', 'packages/webgpu/test/exchange.test.ts', 'packages/gpujs/test/exchange.test.ts'],
    tests: '.',
  }),
  testRow({
    name: 'parts',
    check: 'embed, evaluate, data check, data pack in parts and merged against whole; a part again; a part missing',
    bar: parts,
    files: ['packages/hybridmed/test/parts.test.ts', 'packages/runtime/test/parts.test.ts'],
    tests: '.',
  }),
  testRow({
    name: 'order',
    check: 'order of an epoch, simulated ranks, 3 and 227 shards, 7, 12 and 256 passes',
    bar: "the same for every number of ranks that divides the passes; no study twice, fewer than one step's left out, other ones each epoch",
    files: ['packages/data/test/order.test.ts'],
    tests: '.',
  }),
];
