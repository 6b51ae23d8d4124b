// How long large packed sets take to open, and how much memory.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RanksCheck } from '../check.ts';
import { findingOf } from '../check.ts';

const [shards, perShard] = [227, 1000];

/** Indexes and manifest of a packed set whose archives have their sizes and no content. */
function writeEmptySet(folder: string): void {
  mkdirSync(folder);
  const zeros = '0'.repeat(64);
  const entries = Array.from({ length: shards }, (_, shard) => {
    const file = `train-${String(shard).padStart(6, '0')}.tar`;
    const lines = Array.from({ length: perShard }, (__, i) => {
      const id = shard * perShard + i;
      const findings = `The heart size is normal. The lungs are clear without focal consolidation, effusion or pneumothorax in study ${id}.`;
      const study = {
        id: `s${id}`,
        report: `r${id}`,
        patient: `p${id >> 1}`,
        findings,
        impression: `No acute cardiopulmonary process ${id % 977}.`,
        split: 'train',
      };
      return { position: id, start: 512 + i * 2048, length: 1000, sha256: zeros, study };
    });
    const bytes = 512 + perShard * 2048;
    const index = [{ bytes, sha256: zeros, unreadable: [] }, ...lines].map((line) => `${JSON.stringify(line)}\n`).join('');
    writeFileSync(join(folder, file.replace('.tar', '.jsonl')), index);
    writeFileSync(join(folder, file), '');
    truncateSync(join(folder, file), bytes);
    return { file, split: 'train', studies: perShard, bytes, sha256: zeros, indexSha256: createHash('sha256').update(index).digest('hex') };
  });
  const recipe = { spec: 'made:up', size: 32, studiesPerShard: perShard, select: { need: 'pairs' }, studies: zeros };
  const manifest = {
    format: 'hybridmed-shards',
    version: 1,
    recipe,
    counts: {},
    dropped: {},
    unreadable: [],
    splitOrigin: 'published',
    warnings: [],
    shards: entries,
  };
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
}

const script = (spec: string): string => `
  const { openDataSet } = await import('@hybridmed/data');
  const before = process.memoryUsage().rss;
  const start = performance.now();
  const { studies } = await openDataSet(${JSON.stringify(spec)});
  const seconds = (performance.now() - start) / 1000;
  console.log(JSON.stringify({ studies: studies.length, seconds, mebibytes: (process.resourceUsage().maxRSS * 1024 - before) / 2 ** 20 }));`;

/** Packed sets. */
export const openingShards: RanksCheck = {
  name: 'opening',
  check: `opening ${shards * perShard} packed studies, from the second time on`,
  bar: "<= 1 s, <= 100 MiB above the process's start",
  async run(folder) {
    writeEmptySet(join(folder, 'set'));
    const open = () => {
      const args = [
        '--conditions=hybridmed-source',
        '--import',
        import.meta.resolve('tsx'),
        '--input-type=module',
        '--eval',
        script(`shards:${join(folder, 'set')}`),
      ];
      const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, XDG_CACHE_HOME: join(folder, 'cache') } });
      if (stdout === '') throw new Error(stderr);
      return JSON.parse(stdout) as { studies: number; seconds: number; mebibytes: number };
    };
    const first = open();
    const { studies, seconds, mebibytes } = open();
    return findingOf(
      { 'all studies': studies === shards * perShard, 'within 1 s': seconds <= 1, 'within 100 MiB': mebibytes <= 100 },
      `${seconds.toFixed(2)} s and ${mebibytes.toFixed(0)} MiB (the first time ${first.seconds.toFixed(2)} s and ${first.mebibytes.toFixed(0)} MiB)`,
    );
  },
};
