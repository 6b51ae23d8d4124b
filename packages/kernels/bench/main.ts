// Command line of the kernels' benchmark: every case of every kernel on this machine's adapter, as a table or as one JSON document.
import { parseArgs } from 'node:util';
import type { AnyKernel } from '@hybridmed/kernels';
import { kernels } from '@hybridmed/kernels';
import { nodeWebgpuDevice } from '@hybridmed/webgpu/node';
import type { KernelRow } from './measure.ts';
import { measureCase } from './measure.ts';

const usage = `usage: npm run bench -w @hybridmed/kernels -- [--filter TEXT] [--small] [--no-check] [--json]
  --filter TEXT  only cases whose "kernel: case" contains TEXT
  --small        also the small cases that the tests run; without it only the sizes of models
  --no-check     time only: the reference on the host takes minutes for the largest products
  --json         one document {"rows": [...]} on standard output
`;

const number = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

function line({ kernel, case: name, ms, gflops, gbps, error, ok }: KernelRow): string {
  const columns = [
    `${kernel}: ${name}`.padEnd(62),
    `${number(ms)} ms`.padStart(10),
    `${number(gflops)} GFLOP/s`.padStart(15),
    `${number(gbps)} GB/s`.padStart(12),
  ];
  return `${columns.join('  ')}  ${error === null ? 'not checked' : `${ok ? 'error' : 'WRONG: error'} ${error.toExponential(1)}`}`;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      filter: { type: 'string', default: '' },
      small: { type: 'boolean', default: false },
      'no-check': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const device = await nodeWebgpuDevice();
  const rows: KernelRow[] = [];
  process.stderr.write(`${device.info.name}\n`);
  for (const kernel of Object.values(kernels) as unknown as AnyKernel[]) {
    for (const one of kernel.cases) {
      if (!(one.large || values.small) || !`${kernel.name}: ${one.name}`.includes(values.filter)) continue;
      const row = await measureCase(device.gpu, kernel, one, { adapter: device.info.name, check: !values['no-check'] });
      rows.push(row);
      (values.json ? process.stderr : process.stdout).write(`${line(row)}\n`);
    }
  }
  await device.close();
  if (values.json) process.stdout.write(`${JSON.stringify({ rows })}\n`);
  return rows.every(({ ok }) => ok) ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  const wrongUse = error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${wrongUse ? usage : ''}`);
  process.exitCode = wrongUse ? 2 : 1;
}
