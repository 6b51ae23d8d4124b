import { existsSync, readFileSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { copyFile, cp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';
import { run } from './support/output.ts';
import { fails, quickTraining, trainedPhantoms } from './support/trained.ts';

const { folder, remove } = temporaryFolder();
let phantoms: string;
const trained = join(folder, 'run');

beforeAll(async () => {
  ({ phantoms } = await trainedPhantoms(folder));
});
afterAll(remove);

describe('failures end with 1, one line that names the thing, and nothing half-written', () => {
  const pretrain = (data: string, ...more: string[]) => ['pretrain', '--data', data, ...quickTraining, '--out', join(folder, 'none'), ...more];

  test('no such data', async () => {
    await fails(pretrain('phantom:/nowhere'), '/nowhere', 'does not exist');
    await fails(pretrain('nothing:/x'), 'nothing:/x', 'openi');
    await fails(pretrain(`openi:${folder}`), folder);
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });

  test('a batch larger than the data', async () => {
    await fails(pretrain(`phantom:${phantoms}`, '--batch', '500'), '500', '--batch');
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });

  test('an exploding loss names itself, and leaves no folder before the first step', async () => {
    await fails(pretrain(`phantom:${phantoms}`, '--tau', '1e-40', '--no-stage1', '--epochs', '0,1'), 'step 1', '--learning-rate');
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });

  test("a run's folder that is a file, or lies in one", async () => {
    const file = join(folder, 'file');
    writeFileSync(file, 'kept');
    for (const out of [file, join(file, 'run')]) await fails(pretrain(`phantom:${phantoms}`, '--out', out), out, 'is a file; name a folder');
    expect(readFileSync(file, 'utf8')).toBe('kept');
  });

  test('nothing to train, no loss, a size the patches do not divide', async () => {
    await fails(pretrain(`phantom:${phantoms}`, '--epochs', '0,0'), '--epochs');
    await fails(pretrain(`phantom:${phantoms}`, '--no-stage1', '--epochs', '1,0'), '--epochs');
    await fails(pretrain(`phantom:${phantoms}`, '--no-cg', '--no-cl', '--no-sum', '--no-cap', '--no-dis'), 'every loss');
    await fails(pretrain(`phantom:${phantoms}`, '--image-size', '35'), '"imageSize"', '--image-size 32');
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });

  test('stage 1 of another preset, and a module that is not there', async () => {
    await fails(
      ['pretrain', '--data', `phantom:${phantoms}`, '--preset', 'small', '--stage1', trained, '--device', 'cpu', '--out', join(folder, 'none')],
      'stage1-best',
      'of another model',
    );
    await fails(pretrain(`phantom:${phantoms}`, '--vision', 'no-such-package'), 'no-such-package: is neither a file here nor a package');
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });

  test('a folder that already holds a run', async () => {
    await fails(['pretrain', '--data', `phantom:${phantoms}`, ...quickTraining, '--out', trained], trained, '--resume');
    await fails(['pretrain', '--data', `phantom:${phantoms}`, ...quickTraining, '--seed', '9', '--resume', '--out', trained], 'run.json', '"seed"');
  });

  test('a run whose own files are damaged', async () => {
    const broken = join(folder, 'damaged');
    await cp(trained, broken, { recursive: true });
    const damage = async (name: string, replacement: object, ...words: string[]) => {
      const file = join(broken, name);
      const before = readFileSync(file, 'utf8');
      writeFileSync(file, JSON.stringify({ ...JSON.parse(before), ...replacement }));
      await fails(['pretrain', '--data', `phantom:${phantoms}`, ...quickTraining, '--resume', '--out', broken], `${file}: `, ...words);
      writeFileSync(file, before);
    };
    await damage('run.json', { epochs: 'many' }, '"epochs"');
    await damage('tokenizer.json', { model: {} }, 'WordPiece');
    await damage('checkpoints/stage2-last/trainer.json', { stage: 3 }, '"stage"');
    await damage('checkpoints/stage2-last/trainer.json', { step: -1 }, '"step"');
  });

  test('no checkpoint, a truncated one, a wrong vocabulary, another preset', async () => {
    await fails(['info', '/nowhere'], '/nowhere');
    await fails(['info', phantoms], 'holds no checkpoint');
    const best = join(trained, 'checkpoints/stage2-best');
    const broken = join(folder, 'broken');
    await cp(best, broken, { recursive: true });
    truncateSync(join(broken, 'model.safetensors'), 5000);
    await fails(['generate', '--checkpoint', broken, '--findings', 'no effusion', '--device', 'cpu'], 'model.safetensors');
    await copyFile(join(best, 'model.safetensors'), join(broken, 'model.safetensors'));
    const config = JSON.parse(readFileSync(join(best, 'config.json'), 'utf8'));
    writeFileSync(join(broken, 'config.json'), JSON.stringify({ ...config, model: { ...config.model, text: { ...config.model.text, vocabularySize: 7 } } }));
    await fails(['generate', '--checkpoint', broken, '--findings', 'no effusion', '--device', 'cpu'], 'config.json', 'model.decoder.vocabularySize', '7');
    const tokenizer = JSON.parse(readFileSync(join(best, 'tokenizer.json'), 'utf8'));
    const vocab = Object.fromEntries(Object.entries(tokenizer.model.vocab as Record<string, number>).filter(([, id]) => id < 50));
    writeFileSync(join(broken, 'config.json'), JSON.stringify(config));
    writeFileSync(join(broken, 'tokenizer.json'), JSON.stringify({ ...tokenizer, model: { ...tokenizer.model, vocab } }));
    await fails(['generate', '--checkpoint', broken, '--findings', 'no effusion', '--device', 'cpu'], 'tokenizer.json', '50');
    await copyFile(join(best, 'tokenizer.json'), join(broken, 'tokenizer.json'));
    writeFileSync(join(broken, 'config.json'), JSON.stringify({ ...config, model: { ...config.model, align: 99 } }));
    await fails(['generate', '--checkpoint', broken, '--findings', 'no effusion', '--device', 'cpu'], 'model.safetensors', 'align.');
    writeFileSync(join(broken, 'config.json'), JSON.stringify({ ...config, formatVersion: 99 }));
    await fails(['info', broken], 'formatVersion 99');
    writeFileSync(join(broken, 'config.json'), '{');
    await fails(['info', broken], 'config.json', 'not valid JSON');
  });

  test('a vocabulary that is missing, or none', async () => {
    const broken = join(folder, 'vocab.txt');
    writeFileSync(broken, 'heart\nlung\n');
    await fails(pretrain(`phantom:${phantoms}`, '--vocabulary', '/nowhere/vocab.txt'), '/nowhere/vocab.txt', 'does not exist');
    await fails(pretrain(`phantom:${phantoms}`, '--vocabulary', broken), broken, 'the vocabulary has no [PAD]');
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });

  test('an image that is none', async () => {
    const file = join(folder, 'image.png');
    writeFileSync(file, 'no image');
    await fails(['generate', '--checkpoint', trained, '--image', file, '--device', 'cpu'], file);
    await fails(['generate', '--checkpoint', trained, '--image', '/nowhere.png', '--device', 'cpu'], '/nowhere.png');
  });

  test('a configuration file with a wrong key', async () => {
    const file = join(folder, 'config.json');
    writeFileSync(file, JSON.stringify({ data: 'phantom:x', epoch: [1, 1] }));
    await fails(['pretrain', '--config', file, '--out', join(folder, 'none')], file, 'epoch');
    writeFileSync(file, JSON.stringify({ 'learning-rate': 1 }));
    await fails(['pretrain', '--config', file, '--out', join(folder, 'none')], file, 'did you mean "learningRate"?');
    writeFileSync(file, '{"data":\n\n  phantom:x\n}');
    await fails(['pretrain', '--config', file, '--out', join(folder, 'none')], `error: ${file}: is not valid JSON`);
    await fails(['pretrain', '--config', '/dev/zero', '--out', join(folder, 'none')], '/dev/zero: has more than 1 MiB; name a configuration file');
    writeFileSync(file, JSON.stringify({ data: 'phantom:x', batch: 'big' }));
    await fails(['pretrain', '--config', file, '--out', join(folder, 'none')], file, '"batch"');
  });
});

describe('a run', () => {
  const lines = () =>
    readFileSync(join(trained, 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));

  test('leaves checkpoints, configuration, metrics and TensorBoard events', () => {
    expect(readdirSync(join(trained, 'checkpoints')).toSorted()).toEqual(['stage1-best', 'stage1-last', 'stage2-best', 'stage2-last']);
    expect(readdirSync(join(trained, 'checkpoints/stage2-last')).toSorted()).toEqual([
      'config.json',
      'model.safetensors',
      'optimizer.safetensors',
      'tokenizer.json',
      'trainer.json',
    ]);
    expect(readdirSync(trained).some((name) => name.startsWith('events.out.tfevents.'))).toBe(true);
    expect(JSON.parse(readFileSync(join(trained, 'run.json'), 'utf8'))).toMatchObject({ preset: 'tiny', steps: [3, 3], cap: 2, stage1: true });
  });

  test('writes a line per step and per validation', () => {
    const steps = lines().filter((line) => 'losses' in line);
    expect(steps.map(({ stage, step }) => [stage, step])).toEqual([1, 2].flatMap((stage) => [1, 2, 3].map((step) => [stage, step])));
    expect(Object.keys(steps[0]).toSorted()).toEqual(['epoch', 'gradNorm', 'losses', 'lr', 'residentMiB', 'stage', 'step', 'studiesPerSecond', 'time']);
    expect(steps[0].losses).toMatchObject({ cg: null, cl: null, cap: null, dis: null });
    expect(Object.values(steps[3].losses).every((value) => typeof value === 'number')).toBe(true);
    expect(
      lines()
        .filter((line) => 'validation' in line)
        .map(({ stage }) => stage),
    ).toEqual([1, 2]);
  });

  test('its run.json is a configuration file', async () => {
    const { code, log } = await run('pretrain', '--config', join(trained, 'run.json'), '--resume', '--out', trained, '--device', 'cpu');
    expect(code, log).toBe(0);
    expect(log).toContain('stage 2 is finished');
  });

  test('is described, generates, is evaluated', async () => {
    const info = JSON.parse((await run('info', trained, '--json')).out);
    expect(info.parameters.total).toBe(info.parameters.vision + info.parameters.text + info.parameters.align + info.parameters.decoder);
    expect(info.secondBranch.parameters).toBeGreaterThan(0);
    const image = join(phantoms, 'images', 'p000001.png');
    for (const search of ['greedy', 'beam', 'nucleus']) {
      const { code, out } = await run('generate', '--checkpoint', trained, '--image', image, image, '--search', search, '--device', 'cpu', '--json');
      expect(code).toBe(0);
      const { results } = JSON.parse(out);
      expect(results).toHaveLength(2);
      if (search !== 'nucleus') expect(results[0]).toEqual(results[1]);
    }
    expect((await run('generate', '--checkpoint', trained, '--findings', 'The heart is enlarged.', '--device', 'cpu')).out.endsWith('\n')).toBe(true);
    const report = JSON.parse((await run('evaluate', '--checkpoint', trained, '--data', `phantom:${phantoms}`, '--device', 'cpu', '--json')).out);
    expect(report.studies).toBe(report.examples.length);
    expect(report.text.mostFrequent.distinct).toBe(1);
    expect(report.zeroShot.length).toBeGreaterThan(3);
    expect(report.captioning.shuffledPerToken).toBeGreaterThan(0);
    expect((await run('evaluate', '--checkpoint', trained, '--data', `phantom:${phantoms}`, '--device', 'cpu', '--limit', '5')).out).toContain(
      'most frequent impression',
    );
  });

  test('a question whose studies are of one kind has no AUC, and says why', async () => {
    const one = ['evaluate', '--checkpoint', trained, '--data', `phantom:${phantoms}`, '--device', 'cpu', '--limit', '1'];
    const { zeroShot, meanAuc } = JSON.parse((await run(...one, '--json')).out);
    expect(zeroShot.length).toBeGreaterThan(3);
    for (const { auc, positives, undefined: why } of zeroShot) {
      expect(auc).toBeNull();
      expect(why).toContain(positives ? 'all 1 studies are positive' : 'none of the 1 studies is positive');
    }
    expect(meanAuc).toBeUndefined();
    const { out } = await run(...one);
    expect(out).toMatch(/^edema +undefined +[01]\/1$/m);
    expect(out).toMatch(/^edema: (none|all) of the 1 studies .* undefined$/m);
  });

  test('takes a published vocabulary, cut to what the texts use', async () => {
    const file = join(folder, 'words.txt');
    const pieces = Object.keys(JSON.parse(readFileSync(join(trained, 'tokenizer.json'), 'utf8')).model.vocab);
    writeFileSync(file, [...pieces, 'unheardof'].join('\n'));
    const out = join(folder, 'cut');
    const { code, log } = await run('pretrain', '--data', `phantom:${phantoms}`, ...quickTraining, '--vocabulary', file, '--cut-vocabulary', '--out', out);
    expect(code, log).toBe(0);
    const vocab = JSON.parse(readFileSync(join(out, 'tokenizer.json'), 'utf8')).model.vocab;
    expect(vocab).not.toHaveProperty('unheardof');
    expect(vocab).toHaveProperty('[CLS]', 2);
  });

  test('without captioning and the global contrast, the best checkpoint is known by the local contrast', async () => {
    const out = join(folder, 'local');
    const { code, log } = await run(
      'pretrain',
      '--data',
      `phantom:${phantoms}`,
      ...quickTraining,
      '--no-stage1',
      '--no-cap',
      '--no-cg',
      '--no-dis',
      '--out',
      out,
    );
    expect(code, log).toBe(0);
    const { best } = JSON.parse(readFileSync(join(out, 'checkpoints/stage2-last/trainer.json'), 'utf8'));
    const validation = readFileSync(join(out, 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .find((line) => 'validation' in line);
    expect(best.value).toBe(validation.validation.cl);
    expect(best.value).toBeGreaterThan(0);
  });

  test('stage 2 starts from another run', async () => {
    const out = join(folder, 'shared');
    const { code, log } = await run('pretrain', '--data', `phantom:${phantoms}`, ...quickTraining, '--stage1', trained, '--no-dis', '--out', out);
    expect(code, log).toBe(0);
    expect(readdirSync(join(out, 'checkpoints')).toSorted()).toEqual(['stage2-best', 'stage2-last']);
    const first = readFileSync(join(out, 'metrics.jsonl'), 'utf8').split('\n')[0]!;
    expect(JSON.parse(first)).toMatchObject({ stage: 2, step: 1, losses: { dis: null } });
  });
});

describe('data', () => {
  test('check prints counts, and JSON alone with --json', async () => {
    const { code, out } = await run('data', 'check', `phantom:${phantoms}`, '--json');
    expect(code).toBe(0);
    const report = JSON.parse(out);
    expect(report.kept).toBe(80);
    expect(report.splits.train + report.splits.validate + report.splits.test).toBe(80);
    expect((await run('data', 'check', `phantom:${phantoms}`)).out).toContain('repeated impressions');
  });

  test('phantom makes the same set again, and refuses another in its place', async () => {
    const again = await run('data', 'phantom', phantoms, '--studies', '80', '--size', '40', '--seed', '3', '--json');
    expect(JSON.parse(again.out).written).toBe(false);
    expect((await run('data', 'phantom', phantoms, '--studies', '90')).code).toBe(1);
  });
});
