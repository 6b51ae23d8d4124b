// Times this toolkit's loader as it is built (npm run build) over `epochs` epochs after one that warms up, in a process of its own: `measure.mjs '{"spec": ..., ...}'` prints a line of JSON.
import { readFileSync } from 'node:fs';
import { createLoader, openDataSet } from '@hybridmed/data';
import { trainWordPiece } from '@hybridmed/text';

const residentMiB = () => {
  const pss = /^Pss:\s+(\d+) kB/m.exec(readFileSync('/proc/self/smaps_rollup', 'utf8'));
  return Math.round(Number(pss?.[1] ?? process.memoryUsage.rss() / 1024) / 1024);
};

async function measure({ spec, limit, resize, crop, channels, batch, workers, epochs }) {
  const { studies: all } = await openDataSet(spec, { need: 'images', views: 'all' });
  const studies = all.slice(0, limit);
  const tokenizer = trainWordPiece(
    studies.slice(0, 200).flatMap(({ findings, impression }) => [findings, impression]),
    { size: 2000 },
  );
  const loader = createLoader({
    studies,
    tokenizer,
    tokenizerModule: import.meta.resolve('@hybridmed/text/worker-tokenizer'),
    image: { resize, crop, channels },
    batchSize: batch,
    train: true,
    workers,
    // Every image is decoded in every epoch, as the reference does.
    cacheBytes: 0,
  });
  let [seconds, count, warm, resident] = [0, 0, 0, 0];
  for (let epoch = 0; epoch <= epochs; epoch++) {
    const start = performance.now();
    for await (const loaded of loader.batches({ epoch })) {
      loader.recycle(loaded);
      if (epoch > 0) count += loaded.studies.length;
      // While batches are in flight.
      else if (++warm === 4) resident = residentMiB();
    }
    if (epoch > 0) seconds += (performance.now() - start) / 1000;
    resident = Math.max(resident, residentMiB());
  }
  await loader.close();
  return { studies: count, studiesPerSecond: Number((count / seconds).toFixed(1)), residentMiB: resident };
}

process.stdout.write(`${JSON.stringify(await measure(JSON.parse(process.argv[2])))}\n`);
