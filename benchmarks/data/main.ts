// The data suite: studies per second that the loader gives for the preset small, from files and from memory, by number of workers.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createLoader, openDataSet, writePhantoms } from '@hybridmed/data';
import { trainWordPiece } from '@hybridmed/text';
import { presets } from 'hybridmed';
import { saveResult } from '../results.ts';

const usage = `usage: node benchmarks/run.mjs data [options]

  --data SPEC   data set (default: 1,000 phantoms of 256 pixels, made for it)
  --json        one JSON document and nothing else
  --save        keep the document in benchmarks/results
`;

async function measure(spec: string): Promise<object> {
  const { resize, vision, findingsLength, impressionLength, batch } = presets.small;
  const all = (await openDataSet(spec)).studies.filter((study) => study.split === 'train');
  const tokenizer = trainWordPiece(
    all.flatMap(({ findings, impression }) => [findings, impression]),
    { size: 4096 },
  );
  const rates: Record<string, number> = {};
  for (const workers of [0, 1, 2]) {
    const loader = createLoader({
      studies: all,
      tokenizer,
      image: { resize, crop: vision.image, channels: vision.channels },
      findingsLength,
      impressionLength,
      batchSize: batch,
      train: true,
      workers,
    });
    for (const [name, epoch] of [
      ['first epoch', 0],
      ['later epoch', 1],
    ] as const) {
      const start = performance.now();
      let studies = 0;
      for await (const { studies: indices } of loader.batches({ epoch })) studies += indices.length;
      rates[`${name}, ${workers} workers`] = Math.round((studies * 1000) / (performance.now() - start));
    }
    await loader.close();
  }
  return { preset: 'small', data: spec.slice(0, spec.indexOf(':')), studies: all.length, studiesPerSecond: rates };
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    args: process.argv.slice(2),
    options: { data: { type: 'string' }, json: { type: 'boolean' }, save: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), 'hybridmed-data-'));
  try {
    if (values.data === undefined) await writePhantoms(join(folder, 'phantoms'), { studies: 1000, size: 256 });
    const document = await measure(values.data ?? `phantom:${join(folder, 'phantoms')}`);
    if (values.save) await saveResult(`data-${(document as { data: string }).data}`, document);
    process.stdout.write(values.json ? `${JSON.stringify(document)}\n` : `${JSON.stringify(document, undefined, 2)}\n`);
    return 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
