// The peers suite: the same cases, inputs, adapter and run for this project and for other WebGPU engines.
import { parseArgs } from 'node:util';
import { openAdapter } from '../harness/adapter.ts';
import { UsageError, adapterChoice, positive, runSuite } from '../harness/options.ts';
import { probeRoofline } from '../harness/roofline.ts';
import type { Row } from '../harness/row.ts';
import { makeRow, rowLine } from '../harness/row.ts';
import { adapterSlug, saveRows } from '../results.ts';
import { peerCases } from './cases.ts';
import type { EngineName } from './engine-process.ts';
import { EngineProcess, engineNames } from './engine-process.ts';
import { installPeers, peerVersions } from './install.ts';
import type { Absence } from './measure.ts';
import { measureOn } from './measure.ts';
import { summarize } from './summary.ts';

const usage = `usage: npm run bench -- peers [options]

The kernels' cases on the same adapter in one run: this project, ONNX Runtime's WebGPU provider, jax-js and TensorFlow.js, which are
installed into benchmarks/peers on first use. Case by case, one engine after the other, all by the host's clock around submitted work;
the time of gradients excludes the forward pass that some engines repeat. Cases that an engine cannot run are listed with the reason.

  --filter TEXT   only cases whose "kernel: case, pass" has TEXT in it
  --engines LIST  some of ${engineNames.join(',')} (default all)
  --device D      auto (hardware, else software), hardware, software, lavapipe, swiftshader (default auto)
  --seconds S     about how long each engine is measured on a case (default 0.4; three samples at least)
  --limit S       seconds that an engine may take for a case, compilation included (default 600)
  --json          one JSON document {"rows": [...], "absent": [...]} on standard output, and nothing else there
  --save          save the rows in benchmarks/results, with those of other cases on this adapter
`;

function read() {
  const { values } = parseArgs({
    args: process.argv.slice(2),
    options: {
      filter: { type: 'string', default: '' },
      engines: { type: 'string', default: engineNames.join() },
      device: { type: 'string', default: 'auto' },
      seconds: { type: 'string', default: '0.4' },
      limit: { type: 'string', default: '600' },
      json: { type: 'boolean', default: false },
      save: { type: 'boolean', default: false },
    },
  });
  const engines = values.engines.split(',') as EngineName[];
  const unknown = engines.find((name) => !engineNames.includes(name));
  if (unknown !== undefined) throw new UsageError(`--engines takes some of ${engineNames.join(',')}, not "${unknown}"`);
  return {
    ...values,
    engines,
    device: adapterChoice(values.device),
    seconds: positive('seconds', values.seconds),
    limit: positive('limit', values.limit),
  };
}

await runSuite(usage, async () => {
  const { filter, engines: names, device: adapterName, seconds, limit, json, save } = read();
  const cases = peerCases(filter);
  const device = await openAdapter(adapterName);
  const { name: adapter, software } = device.info;
  const roofline = await probeRoofline(device.gpu);
  await device.close();
  if (names.some((name) => name !== 'hybridmed')) await installPeers();
  process.stderr.write(`${adapter}: ${cases.length} cases, ${names.length} engines\n`);
  const [rows, absent]: [Row[], Absence[]] = [[], []];
  const engines = names.map((name) => new EngineProcess(name, adapterName, limit));
  const print = (line: string) => void (json ? process.stderr : process.stdout).write(`${line}\n`);
  try {
    for (const one of cases) {
      for (const { engine, outcome } of await measureOn(engines, one, { seconds })) {
        const { kernel, case: name, pass } = one;
        if ('reason' in outcome) {
          absent.push({ engine, kernel, case: name, pass, reason: outcome.reason });
          print(`${`${kernel}: ${name}`.padEnd(64)}  ${pass.padEnd(8)}  ${engine.padEnd(11)}  absent: ${outcome.reason}`);
          continue;
        }
        const row = makeRow({ suite: 'peers', kernel, case: name, pass, adapter, engine }, one.cost, roofline, outcome);
        rows.push(row);
        print(rowLine(row));
      }
    }
  } finally {
    for (const engine of engines) engine.stop();
  }
  const document = { suite: 'peers', adapter, software, roofline, versions: peerVersions(), summary: summarize(rows), rows, absent };
  for (const line of document.summary)
    print(
      `${line.kernel.padEnd(16)} ${line.pass.padEnd(8)} ${line.peer.padEnd(12)} ${line.speedup.toFixed(2)} times as fast, worst case ${line.worst.toFixed(2)} (${line.cases} cases)`,
    );
  if (save) await saveRows(`peers-${adapterSlug(adapter)}`, document, (all) => ({ summary: summarize(all) }));
  if (json) process.stdout.write(`${JSON.stringify(document)}\n`);
  const wrong = rows.filter(({ ok, engine }) => !ok && engine === 'hybridmed');
  if (wrong.length > 0) process.stderr.write(`${wrong.length} of this project's cases are wrong\n`);
  return wrong.length === 0 ? 0 : 1;
});
