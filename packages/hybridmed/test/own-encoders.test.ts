import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';
import { run } from './support/output.ts';
import { exampleEncoder, frozenEncoder } from './support/own-encoders.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
let data: string;
const frozen = join(folder, 'my-encoder.js');

beforeAll(async () => {
  data = await smallPhantoms(folder);
  frozenEncoder(folder);
});

const cases = [
  ['convolutions', ['--vision', exampleEncoder('convolutional-vision-encoder')]],
  ['a bag of words', ['--text', exampleEncoder('bag-of-words-text-encoder')]],
  ['a frozen ONNX model', ['--vision', frozen]],
] as const;

describe.each(cases)('%s as an encoder', (name, flags) => {
  const out = join(folder, name.replaceAll(' ', '-'));

  test('pre-trains both stages and learns', async () => {
    const { code, log } = await run('pretrain', '--data', `phantom:${data}`, '--preset', 'tiny', '--steps', '40,40', '--epochs', '9,9', '--out', out, ...flags);
    expect(code, log).toBe(0);
    const lines = readFileSync(join(out, 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { stage: number; losses?: { total: number } });
    for (const stage of [1, 2]) {
      const totals = lines.flatMap((line) => (line.stage === stage && line.losses ? [line.losses.total] : []));
      const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
      expect(totals).toHaveLength(40);
      expect(mean(totals.slice(-5)), `stage ${stage}`).toBeLessThan(0.75 * mean(totals.slice(0, 3)));
    }
  });

  test('its checkpoint is used with the module named, and only then', async () => {
    const used = await run('generate', '--checkpoint', out, '--findings', 'The heart is enlarged.', ...flags);
    expect(used.code, used.log).toBe(0);
    const evaluated = await run('evaluate', '--checkpoint', out, '--data', `phantom:${data}`, '--limit', '4', '--json', ...flags);
    expect(evaluated.code, evaluated.log).toBe(0);
    expect(JSON.parse(evaluated.out).text.image.bleu4).toBeDefined();
    const refused = await run('generate', '--checkpoint', out, '--findings', 'The heart is enlarged.');
    expect(refused.code).toBe(1);
    expect(refused.log).toContain(`its ${flags[0].slice(2)} encoder is that of the module`);
    expect(refused.log).toContain(`name that module with ${flags[0]}`);
  });
});

describe('what a module gets wrong is told before anything is trained', () => {
  const write = (name: string, text: string): string => {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  };
  test.each([
    ['no export', 'export const x = 1;', /exports no function createVisionEncoder/],
    ['an error', 'export const createVisionEncoder = () => { throw new Error("no weights"); };', /error\.js: no weights/],
    ['nothing', 'export const createVisionEncoder = () => undefined;', /"width" of its encoder is undefined/],
    [
      'another shape',
      'export const createVisionEncoder = () => ({ width: 3, tokenCount: 2, image: { size: 32, channels: 1 }, parameters: {}, call: (_, x) => ({ tokens: x, global: x }) });',
      /gives "tokens" of shape \[B, 1, 32, 32\] where \[B, 2, 3\] is due/,
    ],
    ['a syntax error', 'export const createVisionEncoder = (', /syntax-error\.js: /],
  ])('%s', async (name, text, message) => {
    const file = write(`${name.replaceAll(' ', '-').replace('an-error', 'error').replace('a-syntax', 'syntax')}.js`, text);
    const out = join(folder, 'none');
    const { code, log } = await run('pretrain', '--data', `phantom:${data}`, '--preset', 'tiny', '--out', out, '--vision', file);
    expect(code).toBe(1);
    expect(log).toMatch(message);
  });
});
