// Configuration files of commands: their published schema, which value wins, and what is refused.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Stage } from '@hybridmed/model';
import { choice, integer, mergeSettings, option, several, string, toggle, toggleOr } from '@hybridmed/training/options';
import { ratesInWords, stageSettings, stagesInWords } from '@hybridmed/training/settings';
import { fileSchema } from '@hybridmed/runtime/run';
import { runSettings } from '@hybridmed/runtime/settings';
import { Command } from 'commander';
import { completeConfig, runConfigSchema } from 'hybridmed/node';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';
import { addCommands } from '../src/cli/build-command.ts';
import { pretrain } from '../src/cli/commands/pretrain.ts';
import { defineCommand, loadOptions } from '../src/cli/define-command.ts';
import { run } from './support/output.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);

const write = (name: string, content: string): string => {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
};

test('config.schema.json is the schema of configuration files of pretrain', async () => {
  const schema = z.toJSONSchema(fileSchema(await loadOptions(pretrain)));
  await expect(`${JSON.stringify(schema, undefined, 2)}\n`).toMatchFileSnapshot('../config.schema.json');
});

test('a complete configuration fits the schema, and given settings win over the preset', () => {
  const config = completeConfig({ data: 'openi:x', preset: 'medium', batch: 3 });
  expect(runConfigSchema.parse(config)).toEqual(config);
  expect(config).toMatchObject({ batch: 3, accumulate: 4, learningRate: 2e-4, cap: 2 });
});

/** Values that a command of these options gets from a command line. */
async function valuesOf(...args: string[]): Promise<unknown> {
  let values: unknown;
  const options = {
    out: option({ value: string(), argument: 'dir', help: 'a folder', required: true }),
    preset: option({ value: choice(['tiny', 'small', 'medium']), argument: 'name', help: 'sizes', default: 'small' }),
    batch: option({ value: integer(1), argument: 'n', help: 'studies', default: ({ preset }) => preset.batch }),
    seed: option({ value: integer(0), argument: 'n', help: 'a seed', default: 7 }),
    images: option({ value: several(string()), argument: 'files', help: 'images' }),
    remat: option({ value: toggle(), help: 'less memory', default: false }),
    cap: option({ value: integer(0), argument: 'weight', help: 'a weight', default: 2, off: { value: 0, help: 'without' } }),
    cache: option({ value: toggleOr(string()), argument: 'folder', help: 'a cache', default: true, off: { value: false, help: 'without a cache' } }),
  };
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  const output = { result: () => undefined, log: () => undefined };
  await addCommands(program, [defineCommand({ name: 'example', description: '', options, run: async (context) => void (values = context.values) })], output, [
    'example',
  ]);
  program.commands[0]!.exitOverride().configureOutput({ writeErr: () => undefined });
  await program.parseAsync(['example', ...args], { from: 'user' });
  return values;
}

describe('which value wins', () => {
  const defaults = { out: 'x', preset: 'small', batch: 16, seed: 7, remat: false, cap: 2, cache: true };

  test("a default where nothing is given, the preset's where it has one", async () => {
    expect(await valuesOf('--out', 'x')).toEqual(defaults);
    expect(await valuesOf('--out', 'x', '--preset', 'medium')).toMatchObject({ batch: 8, seed: 7 });
  });

  test.each([
    ['settings.yaml', 'preset: medium\nseed: 9\nout: y\nimages: [a, b]\nremat: true\ncap: 0\ncache: false\n'],
    ['settings.json', '{"$schema": "x", "preset": "medium", "seed": 9, "out": "y", "images": ["a", "b"], "remat": true, "cap": 0, "cache": false}'],
  ])('%s over defaults, flags over the file', async (name, content) => {
    const file = write(name, content);
    const fromFile = { out: 'y', preset: 'medium', batch: 8, seed: 9, images: ['a', 'b'], remat: true, cap: 0, cache: false };
    expect(await valuesOf('--config', file)).toEqual(fromFile);
    // Values of flags that are the default's own are given all the same.
    const flags = ['--out', 'x', '--preset', 'small', '--seed', '7', '--no-remat', '--cap', '2', '--cache', 'folder', '--images', 'c'];
    expect(await valuesOf('--config', file, ...flags)).toEqual({ ...defaults, images: ['c'], cache: 'folder' });
    expect(await valuesOf('--config', file, '--no-cap', '--preset', 'tiny')).toMatchObject({ batch: 4, cap: 0, seed: 9 });
  });

  test('what must be given may be in either', async () => {
    await expect(valuesOf('--seed', '1')).rejects.toThrow("required option '--out <dir>' not specified");
    await expect(valuesOf('--config', write('none.yaml', 'seed: 1\n'))).rejects.toThrow("required option '--out <dir>' not specified");
  });
});

describe('settings by stage and by group', () => {
  const options = { ...runSettings };
  const of = (file: object, flags: object = {}) => mergeSettings(options, { file: { data: 'openi:x', ...file }, flags: { ...flags } });

  test('a stage has its own values, and those of the run where it has none', () => {
    const config = of({ batch: 3, stages: { 1: { batch: 32, freeze: ['text.*'] } } });
    expect(runConfigSchema.parse(config)).toEqual(config);
    expect([1, 2].map((stage) => stageSettings(config, stage as Stage))).toMatchObject([
      { batch: 32, freeze: ['text.*'], accumulate: 1 },
      { batch: 3, freeze: [], accumulate: 1 },
    ]);
    expect(stagesInWords(options, config.stages)).toBe('stage 1: batch 32, freeze text.*');
  });

  test('a flag holds for all stages', () => {
    const stages = { 1: { batch: 32, warmup: 0.2 }, 2: { batch: 4 } };
    expect(of({ stages }, { batch: 8 })).toMatchObject({ batch: 8, stages: { 1: { warmup: 0.2 } } });
    expect(of({ stages }, { batch: 8 }).stages).not.toHaveProperty('2');
  });

  test('rates by group are the same written as a text, as an object and as a flag', () => {
    const rates = { others: 5e-4, lab: 1e-3, vision: 2e-4 };
    for (const learningRate of ['5e-4,vision=2e-4,lab=1e-3', { vision: 2e-4, lab: 1e-3, others: 5e-4 }]) {
      expect(JSON.stringify(of({ learningRate }).learningRate)).toBe(JSON.stringify(rates));
      expect(of({ stages: { 2: { learningRate } } }).stages).toEqual({ 2: { learningRate: rates } });
    }
    expect(options.learningRate.value.parse('5e-4, lab=1e-3, vision=2e-4')).toEqual(rates);
    expect(of({ learningRate: { others: 5e-4 } }).learningRate).toBe(5e-4);
    expect(ratesInWords(rates)).toBe('0.0005,lab=0.001,vision=0.0002');
    for (const text of ['', 'vision=1', '1,2', '1,vision=1,vision=2', '1,vision', '1,vision=-1', '1,others=1', '0', '1,a.b=1', '1,vision=1=1'])
      expect(() => options.learningRate.value.parse(text), text).toThrow('Give a number over 0, or one for the others and some groups');
  });
});

describe('a wrong file is one line that names it', () => {
  const aliases = ['a: &a [x, x, x, x, x, x, x, x, x, x]', ...[...'bcdefghi'].map((name, i) => `${name}: &${name} [${Array(10).fill(`*${'abcdefgh'[i]}`)}]`)];

  test.each([
    ['a.yaml', 'learning-rate: 1', 'unknown key "learning-rate"; did you mean "learningRate"?'],
    ['a.yaml', 'bacth: 1', 'unknown key "bacth"; did you mean "batch"?'],
    ['a.yaml', 'colour: 1', 'unknown key "colour"; keys are flags in camelCase, see --help'],
    ['a.yaml', '__proto__: {batch: 1}', 'unknown key "__proto__"'],
    ['a.json', '{"__proto__": {"batch": 1}}', 'unknown key "__proto__"'],
    ['a.yaml', 'batch: many', '"batch" is "many"; give a whole number, 1 or more'],
    ['a.yaml', 'views: side', '"views" is "side"; give one of frontal, all'],
    ['a.yaml', 'epochs: [1]', '"epochs" is [1]; give two values, of stages 1 and 2, or three, with stage 0 first, each a whole number, 0 or more'],
    ['a.yaml', 'remat: yes', '"remat" is "yes"; give true or false'],
    ['a.yaml', 'augment: {rotation: 90}', '"augment.rotation": '],
    ['a.yaml', 'batch: 1\nbatch: 2', 'Map keys must be unique at line 2'],
    ['a.yaml', 'data: !!js/function x', 'Unresolved tag'],
    ['a.yaml', 'a: 1\n---\nb: 2', 'it holds several documents'],
    ['a.yaml', '- batch', 'holds no values by key'],
    ['a.yaml', '', 'holds no values by key'],
    ['a.yaml', '['.repeat(60_000), 'it is nested too deeply'],
    ['a.yaml', `#${'x'.repeat(2 ** 16)}`, 'has more than 64 KiB; name a configuration file, or write it in JSON'],
    ['a.yaml', aliases.join('\n'), 'Excessive alias count'],
    ['a.yaml', `batch: ${' '.repeat(2 ** 20)}1`, 'has more than 1 MiB; name a configuration file'],
    ['a.json', '{"batch": 1,}', 'is not valid JSON'],
    ['a.yaml', 'stages: {2: {bacth: 1}}', '"stages.2": unknown key "bacth"; did you mean "batch"?'],
    ['a.yaml', 'stages: {2: {seed: 1}}', '"stages.2": "seed" does not differ by stage; keys are sampling, augment, '],
    ['a.yaml', 'stages: {2: {stages: {}}}', '"stages.2": "stages" does not differ by stage; keys are sampling, augment, '],
    ['a.yaml', 'stages: {3: {batch: 1}}', '"stages": unknown key "3"; keys are '],
    ['a.json', '{"stages": {"__proto__": {"batch": 1}}}', '"stages": unknown key "__proto__"; keys are '],
    ['a.yaml', 'stages: {2: {batch: 0}}', '"stages.2.batch": '],
    ['a.yaml', 'stages: [1]', '"stages" is [1]; give settings by stage ('],
    ['a.yaml', 'augment: {rotaton: 1}', '"augment": unknown key "rotaton"; did you mean "rotation"?'],
    ['a.yaml', 'learningRate: 0', '"learningRate" is 0; give a number over 0, or one for the others and some groups, such as 5e-4,vision=2e-4'],
    ['a.yaml', 'learningRate: vision=1e-3', '"learningRate" is "vision=1e-3"; give a number over 0'],
    ['a.yaml', 'learningRate: {vision: 1e-3}', '"learningRate" is {"vision":0.001}; give a number over 0'],
    ['a.yaml', 'learningRate: {others: 1, vision: 0}', '"learningRate.vision": Too small'],
    ['a.conf', '{"batch": 0}', '"batch" is 0; give a whole number, 1 or more'],
  ])('%s: %.40s', async (name, content, words) => {
    const file = write(name, content);
    const { code, out, log } = await run('pretrain', '--config', file, '--out', join(folder, 'none'));
    expect([code, out, log.trim().split('\n').length]).toEqual([1, '', 1]);
    expect(log).toContain(`error: ${file}: `);
    expect(log).toContain(words);
  });

  test('keys of another command are unknown', async () => {
    expect((await run('devices', '--config', write('b.yaml', 'batch: 1'))).log).toContain('unknown key "batch"; keys are json');
  });

  test('where it asks for JSON, a failure is a document too', async () => {
    const { out } = await run('info', '/nowhere', '--config', write('c.yaml', 'json: true'));
    expect(Object.keys(JSON.parse(out))).toEqual(['error']);
  });
});

test.each([
  ['keys', Array.from({ length: 6000 }, (_, i) => `k${i}: 1\n`).join('')],
  ['anchors', '&a '.repeat(21_000)],
  ['commas without values', `{${','.repeat(65_000)}`],
  ['directives', '%A b\n'.repeat(13_000)],
])('YAML of many %s is refused soon', async (_, content) => {
  const started = process.cpuUsage();
  await expect(valuesOf('--config', write('many.yaml', content))).rejects.toThrow(/^[^\n]*many\.yaml: [^\n]+$/);
  const { user, system } = process.cpuUsage(started);
  expect((user + system) / 1e6).toBeLessThan(2);
});
