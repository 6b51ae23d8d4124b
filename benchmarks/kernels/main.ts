// The kernels suite: every WGSL kernel's cases at the shapes of models on this machine's adapter, with time, rates, roofline and error.
import { parseArgs } from 'node:util';
import { openAdapter } from '../harness/adapter.ts';
import { adapterChoice, choice, positive, runSuite } from '../harness/options.ts';
import { probeRoofline } from '../harness/roofline.ts';
import type { Row } from '../harness/row.ts';
import { makeRow, rowLine } from '../harness/row.ts';
import { adapterSlug, saveRows } from '../results.ts';
import { measureCase } from './measure.ts';
import { selectCases } from './select.ts';

const usage = `usage: npm run bench -- kernels [options]

Every kernel's cases at the shapes of ViT-B/16, ViT-S/16, BERT and the decoder, forward and backward, on this machine's adapter.
Exit code 1 if a case is wrong.

  --filter TEXT   only cases whose "kernel: case, pass" has TEXT in it
  --device D      auto (hardware, else software), hardware, software, lavapipe, swiftshader (default auto)
  --seconds S     about how long one case is measured (default 0.4; three samples at least)
  --tuning M      off (default): variants by rule; measure: the fastest, as a device with tuning would select
  --small         also the small cases that the tests run
  --no-check      time only, without the references on the host
  --json          one JSON document {"rows": [...]} on standard output, and nothing else there
  --save          save the rows in benchmarks/results, with those of other cases on this adapter
`;

function read() {
  const { values } = parseArgs({
    args: process.argv.slice(2),
    options: {
      filter: { type: 'string', default: '' },
      device: { type: 'string', default: 'auto' },
      seconds: { type: 'string', default: '0.4' },
      tuning: { type: 'string', default: 'off' },
      small: { type: 'boolean', default: false },
      'no-check': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      save: { type: 'boolean', default: false },
    },
  });
  return {
    ...values,
    device: adapterChoice(values.device),
    tuning: choice('tuning', values.tuning, ['off', 'measure']),
    seconds: positive('seconds', values.seconds),
    check: !values['no-check'],
  };
}

await runSuite(usage, async () => {
  const { filter, device: name, seconds, tuning, small, check, json, save } = read();
  const cases = selectCases({ filter, small });
  const device = await openAdapter(name);
  try {
    const adapter = device.info.name;
    const roofline = await probeRoofline(device.gpu);
    process.stderr.write(`${adapter}: roofline ${roofline.gflops} GFLOP/s, ${roofline.gbps} GB/s; ${cases.length} cases\n`);
    const rows: Row[] = [];
    for (const selected of cases) {
      const { kernel, one, pass } = selected;
      const key = { suite: 'kernels', kernel: kernel.name, case: one.name, pass, adapter, engine: 'hybridmed' };
      const row = makeRow(
        key,
        kernel.cost(one.problem),
        roofline,
        await measureCase(device.gpu, selected, { seconds, check, tune: tuning === 'measure' ? 10 : 0 }),
      );
      rows.push(row);
      (json ? process.stderr : process.stdout).write(`${rowLine(row)}\n`);
    }
    const wrong = rows.filter(({ ok }) => !ok);
    if (wrong.length > 0) process.stderr.write(`${wrong.length} of ${rows.length} cases are wrong\n`);
    const document = { suite: 'kernels', adapter, software: device.info.software, roofline, rows };
    if (save) await saveRows(`kernels-${adapterSlug(adapter)}`, document);
    if (json) process.stdout.write(`${JSON.stringify(document)}\n`);
    return wrong.length === 0 ? 0 : 1;
  } finally {
    await device.close();
  }
});
