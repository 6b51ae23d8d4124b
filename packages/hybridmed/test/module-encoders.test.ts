// Every command that opens or trains a model does its work on a run whose encoders are both modules', one of them with a frozen part, where they are
// named; and none of them runs a module that is not.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';
import { commands } from '../src/cli/commands.ts';
import { run } from './support/output.ts';
import { exampleEncoder, frozenEncoder, phantomQuestions } from './support/own-encoders.ts';
import { quickDevice } from './support/trained.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
const trained = join(folder, 'run');
let [phantoms, questions, vision]: string[] = [];
const text = exampleEncoder('bag-of-words-text-encoder');
/** `--text` is what `explain` looks for. */
const modules = (command: string): string[] => ['--vision', vision!, command === 'explain' ? '--text-encoder' : '--text', text];
const training = ['--preset', 'tiny', '--steps', '2,2', '--limit', '8', '--workers', '0'];

beforeAll(async () => {
  phantoms = await smallPhantoms(folder);
  questions = phantomQuestions(folder, phantoms);
  vision = frozenEncoder(folder);
});

const out = (name: string): string => join(folder, name);
const image = (): string => join(phantoms!, 'images/p000001.png');
const set = (): string => `phantom:${phantoms!}`;

/** The words of each command, its device and its modules aside, and what it must have made. */
const rows: Readonly<Record<string, { readonly words: () => readonly string[]; readonly makes?: string; readonly device?: false }>> = {
  generate: { words: () => ['generate', '--checkpoint', trained, '--image', image()] },
  evaluate: { words: () => ['evaluate', '--checkpoint', trained, '--data', set(), '--limit', '2'] },
  info: { words: () => ['info', trained], device: false },
  report: { words: () => ['report', trained, '--limit', '2', '--out', out('report.html')], makes: 'report.html' },
  explain: {
    words: () => ['explain', '--checkpoint', trained, '--image', image(), '--text', 'effusion', '--out', out('explained')],
    makes: 'explained/alignment.png',
  },
  zeroshot: { words: () => ['zeroshot', '--checkpoint', trained, '--data', set()] },
  retrieve: { words: () => ['retrieve', '--checkpoint', trained, '--data', set()] },
  export: { words: () => ['export', trained, '--part', 'text', 'summarize', '--out', out('exported')], makes: 'exported/text/encoder.onnx', device: false },
  embed: { words: () => ['embed', '--checkpoint', trained, '--images', image(), '--out', out('images.safetensors')], makes: 'images.safetensors' },
  probe: {
    words: () => ['probe', '--checkpoint', trained, '--data', set(), '--percent', '100', '--seeds', '0', '--classes', 'cardiomegaly', '--out', out('probe')],
    makes: 'probe/results.json',
  },
  finetune: {
    words: () => {
      const classifier = ['--data', set(), '--percent', '100', '--seeds', '0', '--classes', 'cardiomegaly'];
      return ['finetune', '--checkpoint', trained, ...classifier, '--epochs', '1', '--patience', '1', '--out', out('finetune')];
    },
    makes: 'finetune/results.json',
  },
  'vqa train': {
    words: () => ['vqa', 'train', '--checkpoint', trained, '--data', `vqa-rad:${questions!}`, '--epochs', '1', '--out', out('vqa')],
    makes: 'vqa/vqa.json',
  },
  'fit-ratio': { words: () => ['fit-ratio', '--checkpoint', trained, '--data', set()] },
  'vqa evaluate': { words: () => ['vqa', 'evaluate', '--model', out('vqa')] },
};

/** Commands whose settings name encoders, and the one that opens a part alone. */
const others = ['pretrain', 'ablate', 'save'];

test('are all the commands that take a module', async () => {
  const all = commands.flatMap((command) =>
    'commands' in command ? command.commands.map((own) => ({ ...own, name: `${command.name} ${own.name}` })) : [command],
  );
  const options = await Promise.all(all.map((command) => (typeof command.options === 'function' ? command.options() : command.options)));
  const takesModule = all.filter((_, i) => 'vision' in options[i]!).map(({ name }) => name);
  expect(takesModule.toSorted()).toEqual([...Object.keys(rows), ...others].toSorted());
});

test('pretrain trains both stages and ends with the report of the run', async () => {
  const { code, log } = await run('pretrain', '--data', set(), ...training, ...modules('pretrain'), ...quickDevice, '--out', trained);
  expect(code, log).toBe(0);
  expect(log).not.toContain('no report was written');
  expect(readFileSync(join(trained, 'report.html'), 'utf8')).toContain('patches that are aligned with the words');
});

describe.each(Object.entries(rows))('%s', (name, { words, makes, device }) => {
  const flags = device === false ? [] : quickDevice;

  test('runs with the modules named', async () => {
    const { code, log, out: printed } = await run(...words(), ...modules(name), ...flags, '--json');
    expect(code, log).toBe(0);
    expect(() => JSON.parse(printed) as unknown).not.toThrow();
    if (makes !== undefined) expect(existsSync(out(makes))).toBe(true);
  });

  test('runs no module that is not named', async () => {
    // Commands that write refuse what exists before they open a model.
    const elsewhere = words().map((word) => (word === out(makes?.split('/')[0] ?? '') ? `${word}-again` : word));
    const [visionFlags, textFlags] = [modules(name).slice(0, 2), modules(name).slice(2)];
    for (const [named, missing] of [
      [textFlags, '--vision'],
      [visionFlags, textFlags[0]!],
    ] as const) {
      const { code, log, out: printed } = await run(...elsewhere, ...named, ...flags);
      expect([code, printed, log]).toEqual([1, '', expect.stringContaining(`name that module with ${missing}`)]);
    }
  });
});

test('save refuses the encoder of a module with the reason, whether the modules are named or not', async () => {
  for (const [part, library] of [
    ['vision', 'timm'],
    ['text', 'transformers'],
  ] as const)
    for (const named of [[], modules('save')]) {
      const { code, log } = await run('save', trained, '--part', part, '--out', out('saved'), ...named);
      expect([code, log]).toEqual([1, expect.stringMatching(new RegExp(`save: the ${part} encoder is that of the module .*; ${library} has no such model`))]);
    }
  expect(existsSync(out('saved'))).toBe(false);
});

test("save writes the project's own encoder beside a module's, which need not be named", async () => {
  const half = out('half');
  const own = ['--vision', vision!];
  expect((await run('pretrain', '--data', set(), ...training, ...own, ...quickDevice, '--no-report', '--out', half)).code).toBe(0);
  for (const named of [[], own]) {
    const { code, log } = await run('save', half, '--part', 'text', '--out', out('saved-text'), ...named);
    expect(code, log).toBe(0);
    expect(existsSync(out('saved-text/model.safetensors'))).toBe(true);
  }
  const wrong = await run('save', half, '--part', 'text', '--out', out('saved-text'), '--text', text);
  expect([wrong.code, wrong.log]).toEqual([1, expect.stringContaining("its text encoder is not a module's; leave --text out")]);
});

test('ablate trains and evaluates the variants', async () => {
  const words = ['ablate', '--data', set(), ...training, '--seeds', '1', '--variants', 'no-cl', '--out', out('ablation')];
  const { code, log, out: printed } = await run(...words, ...modules('ablate'), ...quickDevice, '--json');
  expect(code, log).toBe(0);
  expect((JSON.parse(printed) as { rows: { name: string }[]; failures: unknown[] }).rows.map(({ name }) => name)).toEqual(['full', 'no-cl']);
});
