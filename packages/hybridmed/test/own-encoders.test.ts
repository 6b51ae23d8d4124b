import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { initialize, rootScope } from '@hybridmed/nn';
import { exportOnnx } from '@hybridmed/onnx';
import { trace } from '@hybridmed/tensor';
import { vit } from '@hybridmed/vision';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from './support/output.ts';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
let data: string;

// A yes-or-no question about each of forty films, in the layout of VQA-RAD.
const questions = join(folder, 'questions');

const example = (name: string): string => join(import.meta.dirname, '../../../examples/encoders', name, 'index.js');
const frozen = join(folder, 'my-encoder.js');

beforeAll(async () => {
  data = await smallPhantoms(folder);
  mkdirSync(questions);
  cpSync(join(data, 'images'), join(questions, 'images'), { recursive: true });
  const rows = Array.from({ length: 40 }, (_, i) => ({
    qid: i,
    phrase_type: i % 4 === 0 ? 'test_freeform' : 'freeform',
    image_case_url: `https://example.org/${i}`,
    image_name: `p${String(i).padStart(6, '0')}.png`,
    question: 'Is there a pleural effusion?',
    question_frame: 'NULL',
    question_type: 'PRES',
    answer: i % 3 === 0 ? 'Yes' : 'No',
    answer_type: 'CLOSED',
  }));
  writeFileSync(join(questions, 'VQA_RAD Dataset Public.json'), JSON.stringify(rows));
  const encoder = vit({ kind: 'vit', imageSize: 32, patch: 8, channels: 1, width: 24, depth: 1, heads: 3 });
  const state = Object.fromEntries(Object.entries(encoder.parameters).map(([name, { shape }]) => [name, { shape, dtype: 'f32' as const }]));
  const graph = trace({ data: { image: { shape: ['B', 1, 32, 32], dtype: 'f32' } }, state }, ({ image }, own) => ({
    results: { ...encoder.call(rootScope(own), image!) },
  }));
  writeFileSync(join(folder, 'film.onnx'), exportOnnx(graph, { parameters: initialize(encoder.parameters, 0) }).model);
  writeFileSync(
    frozen,
    `import { onnxVisionEncoder } from ${JSON.stringify(example('frozen-onnx-vision-encoder'))};
export const createVisionEncoder = (options) => onnxVisionEncoder(${JSON.stringify(join(folder, 'film.onnx'))}, options);
`,
  );
});

const cases = [
  ['convolutions', ['--vision', example('convolutional-vision-encoder')]],
  ['a bag of words', ['--text', example('bag-of-words-text-encoder')]],
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

  test('it answers questions, is fine-tuned and probed with the module named, and only then', async () => {
    const answered = join(folder, `${name.replaceAll(' ', '-')}-vqa`);
    const train = ['vqa', 'train', '--checkpoint', out, '--data', `vqa-rad:${questions}`, '--out', answered, '--epochs', '1', '--device', 'cpu'];
    const fitted = await run(...train, ...flags);
    expect(fitted.code, fitted.log).toBe(0);
    const judged = await run('vqa', 'evaluate', '--model', answered, '--device', 'cpu', '--json', ...flags);
    expect(judged.code, judged.log).toBe(0);
    expect(JSON.parse(judged.out).questions).toBe(10);
    for (const unnamed of [['vqa', 'evaluate', '--model', answered], train.with(7, `${answered}-again`)]) {
      const refused = await run(...unnamed);
      expect([refused.code, refused.log]).toEqual([1, expect.stringContaining(`name that module with ${flags[0]}`)]);
    }
    const few = [
      '--checkpoint',
      out,
      '--data',
      `phantom:${data}`,
      '--percent',
      '100',
      '--seeds',
      '0',
      '--classes',
      'cardiomegaly',
      '--device',
      'cpu',
      '--json',
    ];
    for (const command of ['probe', 'finetune']) {
      const own = command === 'finetune' ? ['--epochs', '1', '--patience', '1'] : [];
      const { code, log, out: printed } = await run(command, ...few, ...own, '--out', join(folder, `${name.replaceAll(' ', '-')}-${command}`), ...flags);
      expect(code, log).toBe(0);
      expect(JSON.parse(printed).runs[0].test.classes.cardiomegaly.auc.value).toBeGreaterThanOrEqual(0);
    }
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
