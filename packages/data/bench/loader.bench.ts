// Making phantoms, and loading an epoch of 96-pixel crops: first reading, then from memory.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLoader, openDataSet } from '@hybridmed/data';
import { phantomStudy, writePhantoms } from '@hybridmed/phantoms';
import { bench } from 'vitest';

const folder = join(mkdtempSync(join(tmpdir(), 'hybridmed-bench-')), 'set');
await writePhantoms(folder, { studies: 300, size: 128 });
const { studies } = await openDataSet(`phantom:${folder}`);
const tokenizer = {
  special: { pad: 0, cls: 2, sep: 3 },
  encode: (text: string, most: number) => [
    2,
    ...text
      .split(' ')
      .slice(0, most - 2)
      .map((word) => 4 + word.length),
    3,
  ],
};
const make = (workers: number) => createLoader({ studies, tokenizer, image: { resize: 108, crop: 96, channels: 1 }, batchSize: 16, train: true, workers });
const kept = make(0);
let index = 0;
let epoch = 0;

bench('a phantom of 128 pixels', () => void phantomStudy(0, index++, 128));
for (const workers of [0, 1, 2]) {
  bench(
    `first epoch of 300 studies, ${workers} workers`,
    async () => {
      const loader = make(workers);
      for await (const _ of loader.batches());
      await loader.close();
    },
    { iterations: 3, time: 0, warmupIterations: 0 },
  );
}
bench('a later epoch of 300 studies', async () => {
  for await (const _ of kept.batches({ epoch: epoch++ }));
});
