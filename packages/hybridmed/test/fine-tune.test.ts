// Options that say what is trained: frozen parts, slower layers, LoRA merged into checkpoints, recomputed layers.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostArrays } from '@hybridmed/tensor';
import { loadCheckpoint, readSafetensors } from 'hybridmed/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';
import { run } from './support/output.ts';
import { quickTraining, trainedPhantoms } from './support/trained.ts';

const { folder, remove } = temporaryFolder();
let phantoms: string;
let start: HostArrays;
const command = (name: string, ...flags: string[]) => run('pretrain', '--data', `phantom:${phantoms}`, ...quickTraining, '--out', join(folder, name), ...flags);
const best = async (name: string, stage = 2): Promise<HostArrays> => (await loadCheckpoint(join(folder, name, `checkpoints/stage${stage}-best`))).parameters;
const losses = (name: string) =>
  readFileSync(join(folder, name, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).losses?.total);

beforeAll(async () => {
  ({ phantoms } = await trainedPhantoms(folder));
  start = await startValues();
});
afterAll(remove);

test('frozen parts keep their start values, the others change', async () => {
  const { code, log } = await command('frozen', '--freeze', 'text.*', 'vision.blocks.0.*', '--no-stage1', '--no-dis');
  expect(code, log).toBe(0);
  const [after, other] = [await best('frozen'), await best('run')];
  for (const name of ['text.encoder.layer.1.output.dense.weight', 'vision.blocks.0.attn.qkv.weight']) {
    expect(after[name]!.data).toEqual(start[name]!.data);
    expect(other[name]!.data).not.toEqual(start[name]!.data);
  }
  expect(after['vision.blocks.1.attn.qkv.weight']!.data).not.toEqual(start['vision.blocks.1.attn.qkv.weight']!.data);
});

/** Parameters before any training: of a run whose learning rate is next to nothing. */
async function startValues(): Promise<HostArrays> {
  const { code, log } = await command('start', '--learning-rate', '1e-30', '--weight-decay', '0', '--no-stage1', '--no-dis');
  expect(code, log).toBe(0);
  return best('start');
}

test('LoRA: the checkpoint is an ordinary one, and its change has the rank', async () => {
  const flags = ['--lora', 'text.*.query', 'vision.*.qkv', '--lora-rank', '2', '--freeze', 'text.*', 'vision.*', '--no-stage1', '--no-dis'];
  const { code, log } = await command('lora', ...flags);
  expect(code, log).toBe(0);
  const after = await best('lora');
  expect(Object.keys(after).toSorted()).toEqual(Object.keys(start).toSorted());
  expect(after['text.encoder.layer.0.attention.self.key.weight']!.data).toEqual(start['text.encoder.layer.0.attention.self.key.weight']!.data);
  const [name, width] = ['text.encoder.layer.0.attention.self.query.weight', 40];
  const change = after[name]!.data.map((value, i) => value - start[name]!.data[i]!);
  expect(rankOf(Float64Array.from(change), width, 1e-3)).toBe(2);

  const last = join(folder, 'lora/checkpoints/stage2-last');
  const { arrays } = await readSafetensors(join(last, 'optimizer.safetensors'));
  expect(arrays[name]!.data).toEqual(start[name]!.data);
  expect((await run('generate', '--checkpoint', join(folder, 'lora'), '--findings', 'The heart is enlarged.', '--device', 'cpu')).code).toBe(0);
});

test('--remat changes no loss', async () => {
  const { code, log } = await command('remat', '--remat');
  expect(code, log).toBe(0);
  losses('remat').forEach((value, i) => {
    if (value !== undefined && value !== null) expect(Math.abs(value / losses('run')[i] - 1)).toBeLessThan(1e-4);
  });
});

test('--layer-decay gives another run, and wrong options are one line', async () => {
  const decayed = await command('decayed', '--layer-decay', '0.5', '--accumulate', '2');
  expect(decayed.code, decayed.log).toBe(0);
  const fails = async (text: string, code: number, ...flags: string[]) => {
    const result = await command('none', ...flags);
    expect(result.code, result.log).toBe(code);
    expect(result.log).toContain(text);
  };
  await fails('freeze: "visoin.*" matches no parameter; they are called "vision.cls_token"', 1, '--freeze', 'visoin.*');
  await fails('LoRA: "text.embeddings.*" matches no linear layer', 1, '--lora', 'text.embeddings.*');
  await fails('stage 1: everything it trains is frozen', 1, '--freeze', 'text.*', 'decoder.*');
  await fails("option '--layer-decay <x>' argument '2' is invalid. Give a number above 0 and up to 1.", 2, '--layer-decay', '2');
});

/** Rank of a matrix by Gaussian elimination with full pivoting; pivots below `tolerance` of the first count as 0. */
function rankOf(values: Float64Array, columns: number, tolerance: number): number {
  const rows = Array.from({ length: values.length / columns }, (_, i) => values.slice(i * columns, (i + 1) * columns));
  let first = 0;
  for (let rank = 0; ; rank++) {
    let [greatest, at, column] = [0, -1, -1];
    rows.forEach((row, i) =>
      row.forEach((value, j) => {
        if (i >= rank && Math.abs(value) > greatest) [greatest, at, column] = [Math.abs(value), i, j];
      }),
    );
    if (rank === 0) first = greatest;
    if (at < 0 || greatest <= tolerance * first) return rank;
    [rows[rank], rows[at]] = [rows[at]!, rows[rank]!];
    const pivot = rows[rank]!;
    for (const row of rows.slice(rank + 1)) {
      const factor = row[column]! / pivot[column]!;
      pivot.forEach((value, j) => (row[j]! -= factor * value));
    }
  }
}
