// `hybridmed export`, and `generate` on what it wrote.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';
import { run } from './support/output.ts';
import { trainedPhantoms } from './support/trained.ts';

const { folder, remove } = temporaryFolder();
const exported = join(folder, 'exported');
let phantoms: string;
let trained: string;

beforeAll(async () => {
  ({ phantoms, trained } = await trainedPhantoms(folder));
  const first = await run('export', trained, '--part', 'caption', 'summarize', '--out', exported);
  expect(first.code, first.log).toBe(0);
  expect(first.out).toContain('caption/decode.onnx');
});
afterAll(remove);

const fails = async (args: string[], code: number, ...words: string[]) => {
  const result = await run(...args);
  expect(result.code, result.log).toBe(code);
  expect(result.out).toBe('');
  for (const word of words) expect(result.log).toContain(word);
};

test('writes a manifest of every graph, and adds parts to a folder of the same checkpoint', async () => {
  const { code, out, log } = await run('export', trained, '--part', 'align', 'vision', 'text', '--opset', '18', '--out', exported, '--json');
  expect(code, log).toBe(0);
  const manifest = JSON.parse(out);
  expect(manifest).toEqual(JSON.parse(readFileSync(join(exported, 'export.json'), 'utf8')));
  expect(Object.keys(manifest.parts).toSorted()).toEqual(['align', 'caption', 'summarize', 'text', 'vision']);
  expect([manifest.parts.align.opset, manifest.parts.caption.opset]).toEqual([18, 20]);
  expect(manifest.parts.caption.graphs.decode.outputs['present.0.keys'].shape).toEqual(['B', 'P+1', 32]);
  for (const { graphs } of Object.values<{ graphs: Record<string, { file: string; error: number }> }>(manifest.parts))
    for (const { file, error } of Object.values(graphs)) {
      expect(existsSync(join(exported, file))).toBe(true);
      expect(error).toBeLessThan(1e-4);
    }
  expect(readdirSync(exported).filter((name) => name.startsWith('.'))).toEqual([]);
});

test.skipIf(!existsSync('/proc/self'))('a folder that cannot be made ends in one line, at once', async () => {
  await fails(['export', trained, '--part', 'text', '--out', '/proc/none/exported'], 1, '/proc/none/exported', 'cannot be made');
});

test.each(['greedy', 'beam', 'nucleus'])('generate writes the same with %s search from the exported folder as from the checkpoint', async (search) => {
  const images = [1, 2, 3].map((i) => join(phantoms, 'images', `p00000${i}.png`));
  const texts = async (checkpoint: string, ...flags: string[]) => {
    const { code, out, log } = await run('generate', '--checkpoint', checkpoint, ...flags, '--search', search, '--device', 'cpu', '--json');
    expect(code, log).toBe(0);
    return JSON.parse(out).results;
  };
  expect(await texts(exported, '--image', ...images)).toEqual(await texts(trained, '--image', ...images));
  const findings = ['--findings', 'The heart is enlarged. There is a small left pleural effusion.'];
  expect(await texts(exported, ...findings)).toEqual(await texts(trained, ...findings));
});

test('f16 and int8 say how far they are from the model, and write', async () => {
  const errors: number[] = [];
  for (const precision of ['f16', 'int8']) {
    const out = join(folder, precision);
    const { code, out: text, log } = await run('export', trained, '--part', 'summarize', `--${precision}`, '--out', out, '--json');
    expect(code, log).toBe(0);
    const { precision: written, graphs } = JSON.parse(text).parts.summarize;
    expect(written).toBe(precision);
    errors.push(graphs.decode.error);
    expect((await run('generate', '--checkpoint', out, '--findings', 'Normal heart.', '--device', 'cpu')).code).toBe(0);
  }
  expect(errors[0]).toBeGreaterThan(1e-6);
  expect(errors[0]).toBeLessThan(errors[1]!);
  expect(errors[1]).toBeLessThan(0.2);
});

test('evaluate gives the same report from the exported folder as from the checkpoint, and another from int8', async () => {
  const report = async (checkpoint: string) => {
    const { code, out, log } = await run('evaluate', '--checkpoint', checkpoint, '--data', `phantom:${phantoms}`, '--device', 'cpu', '--json');
    expect(code, log).toBe(0);
    return JSON.parse(out);
  };
  const [own, theirs] = [await report(trained), await report(exported)];
  expect(theirs.device).toContain('caption f32');
  const { checkpoint: _folder, device: _device, ...rest } = theirs;
  expect(rest).toEqual(closeTo(own));
  const quantized = join(folder, 'evaluated');
  expect((await run('export', trained, '--part', 'caption', 'summarize', 'align', '--int8', '--out', quantized)).code).toBe(0);
  const { losses, captioning } = await report(quantized);
  expect(losses.cap).not.toBe(own.losses.cap);
  expect(Math.abs(losses.cap / own.losses.cap - 1)).toBeLessThan(0.1);
  expect(captioning.perToken).toBeGreaterThan(0);
  await fails(['evaluate', '--checkpoint', join(folder, 'int8'), '--data', `phantom:${phantoms}`, '--device', 'cpu'], 1, 'has no exported "caption"');
});

/** The same document with every number allowed a relative error of 1e-3, which sums of close terms need. */
function closeTo(value: unknown): unknown {
  if (typeof value === 'number' && !Number.isInteger(value)) return expect.closeTo(value, Math.max(0, 3 - Math.ceil(Math.log10(Math.abs(value) + 1e-9))));
  if (Array.isArray(value)) return value.map(closeTo);
  if (typeof value === 'object' && value !== null)
    return expect.objectContaining(
      Object.fromEntries(Object.entries(value).flatMap(([key, inner]) => (key === 'checkpoint' || key === 'device' ? [] : [[key, closeTo(inner)]]))),
    );
  return value;
}

describe('usage errors and wrong folders end with one line', () => {
  test('flags', async () => {
    await fails(['export', trained, '--out', 'x'], 2, "'--part <names...>' not specified");
    await fails(['export', trained, '--part', 'ears', '--out', 'x'], 2, 'vision, text, align, caption, summarize, removal');
    await fails(['export', trained, '--part', 'text', '--out', 'x', '--opset', '9'], 2, '18');
    await fails(['export', trained, '--part', 'text', '--out', 'x', '--f16', '--int8'], 2, 'either --f16 or --int8');
    expect((await run('export', '--help')).out).toContain('--inline-limit');
  });

  test('no checkpoint, a stage-1 checkpoint, a folder of another checkpoint', async () => {
    await fails(['export', '/nowhere', '--part', 'text', '--out', join(folder, 'none')], 1, '/nowhere');
    const first = join(trained, 'checkpoints/stage1-best');
    await fails(
      ['export', first, '--part', 'caption', '--out', join(folder, 'none')],
      1,
      'is of stage 1, whose image branch is not trained',
      'or export text or summarize',
    );
    await fails(['export', first, '--part', 'text', '--out', exported], 1, 'holds exports of another checkpoint');
    await fails(['export', trained, '--part', 'text', '--out', join(trained, 'run.json')], 1, 'run.json: is a file; name a folder');
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });

  test('a part that was not exported, a manifest that leads out of the folder, a damaged graph', async () => {
    const text = ['--findings', 'no effusion', '--device', 'cpu'];
    const image = ['--image', join(phantoms, 'images', 'p000001.png'), '--device', 'cpu'];
    await fails(['generate', '--checkpoint', join(folder, 'int8'), ...image], 1, 'has no exported "caption"', '--part caption');
    const broken = join(folder, 'broken');
    await cp(exported, broken, { recursive: true });
    const manifest = readFileSync(join(exported, 'export.json'), 'utf8');
    writeFileSync(join(broken, 'export.json'), manifest.replace('summarize/encoder.onnx', '../run/encoder.onnx'));
    await fails(['generate', '--checkpoint', broken, ...text], 1, 'export.json', 'parts.summarize.graphs.encoder.file');
    writeFileSync(join(broken, 'export.json'), manifest);
    writeFileSync(join(broken, 'summarize/encoder.onnx'), 'no model');
    await fails(['generate', '--checkpoint', broken, ...text], 1, 'summarize/encoder.onnx', 'refused');
  });
});
