// The steady suite's command line: memory over 2,000 training steps of a small model.
import { parseArgs } from 'node:util';
import { cpuDevice } from '@hybridmed/onnx';
import { adapterNames, openAdapter } from '../harness/adapter.ts';
import { choice } from '../harness/options.ts';
import { adapterSlug, saveResult } from '../results.ts';
import { measureSteadyState } from './measure.ts';

const usage = `usage: node benchmarks/run.mjs steady [options]

Resident memory in the first half of the steps of a small model, and how much more it is in the second half.

  --device D  cpu (default), or an adapter: ${adapterNames.join(', ')}
  --steps N   training steps (default 2000)
  --save      save the document in benchmarks/results
`;

async function main(): Promise<void> {
  const options = {
    device: { type: 'string', default: 'cpu' },
    steps: { type: 'string', default: '2000' },
    save: { type: 'boolean' },
    help: { type: 'boolean' },
  } as const;
  const { values } = parseArgs({ options });
  if (values.help) return void process.stdout.write(usage);
  const name = choice('device', values.device, ['cpu', ...adapterNames]);
  const device = name === 'cpu' ? cpuDevice() : await openAdapter(name);
  const document = { device: device.info.name, ...(await measureSteadyState(device, Number(values.steps))) };
  process.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
  if (values.save) await saveResult(`steady-${name === 'cpu' ? 'cpu' : adapterSlug(device.info.name)}`, document);
  await device.close();
}

try {
  await main();
} catch (error) {
  process.stderr.write(`error: ${(error as Error).message.split('\n')[0]}\n`);
  process.exitCode = 1;
}
