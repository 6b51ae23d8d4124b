// Commands with models of a hub on 127.0.0.1: what takes a folder takes hf://org/name, and a run resumes with the commit that it began with.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeSafetensors, initialize } from '@hybridmed/nn';
import { bert, trainWordPiece } from '@hybridmed/text';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bertFiles } from '../src/saving/bert-files.ts';
import { forgetHub } from '../../runtime/src/hub/local-path.ts';
import { hubServer } from '../../runtime/test/support/hub-server.ts';
import { untrainedCheckpoint } from '../../../tools/support/checkpoint.ts';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';
import { run } from './support/output.ts';

const { folder, remove } = temporaryFolder();
const texts = ['no acute disease', 'the heart is enlarged', 'there is a small left effusion'];
const before = { ...process.env };
const commits = { now: 'a'.repeat(40) };
let server: Awaited<ReturnType<typeof hubServer>>;
let phantoms: string;

const served = (path: string) =>
  Object.fromEntries(
    readdirSync(path, { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(join(path, name)).isFile())
      .map((name) => [name, { content: readFileSync(join(path, name)), large: name.endsWith('.safetensors') }]),
  );

beforeAll(async () => {
  phantoms = await smallPhantoms(folder);
  const checkpoint = join(folder, 'checkpoint');
  await untrainedCheckpoint(checkpoint, texts);
  const tokenizer = trainWordPiece(texts, { size: 60 });
  const config = { vocabularySize: tokenizer.vocabularySize, width: 16, depth: 1, heads: 2, ffn: 32, positions: 128 };
  const files = Object.entries(bertFiles(config, tokenizer)).map(([name, text]) => [name, { content: Buffer.from(text) }] as const);
  const weights = { content: Buffer.concat(encodeSafetensors(initialize(bert(config).parameters, 1))), large: true };
  server = await hubServer(
    { 'org/model': served(checkpoint), 'org/bert': { ...Object.fromEntries(files), 'model.safetensors': weights } },
    { commit: () => commits.now },
  );
  Object.assign(process.env, { HF_ENDPOINT: server.address, HF_HUB_CACHE: join(folder, 'hub'), HF_TOKEN: 'hf_secretsecret' });
});
afterAll(async () => {
  for (const key of ['HF_ENDPOINT', 'HF_HUB_CACHE', 'HF_TOKEN'])
    if (before[key] === undefined) delete process.env[key];
    else process.env[key] = before[key];
  await server.close();
  remove();
});

test('commands open a model of a hub, say what they download, and ask nobody for a local one', async () => {
  const image = join(phantoms, 'images', 'p000001.png');
  const generated = await run('generate', '--checkpoint', 'hf://org/model', '--image', image, '--device', 'cpu', '--json');
  expect(generated.code, generated.log).toBe(0);
  expect(generated.log).toContain(`downloading hf://org/model@${commits.now}: 3 files`);
  const local = await run('generate', '--checkpoint', join(folder, 'checkpoint'), '--image', image, '--device', 'cpu', '--json');
  const results = ({ out }: { out: string }) => (JSON.parse(out) as { results: unknown }).results;
  expect(results(generated)).toEqual(results(local));
  expect((JSON.parse(generated.out) as { checkpoint: string }).checkpoint).toContain(commits.now);
  expect((await run('info', 'hf://org/model')).out).toContain('preset tiny, stage 2');
  expect((await run('info', 'hf://org/bert')).out).toMatch(/^text: /);
  const out = join(folder, 'f.safetensors');
  const list = join(folder, 'texts.json');
  writeFileSync(list, JSON.stringify(texts));
  const embedded = await run('embed', '--text', 'hf://org/bert@main', '--texts', list, '--out', out, '--device', 'cpu');
  expect(embedded.code, embedded.log).toBe(0);
  const missing = await run('info', 'hf://org/none');
  expect([missing.code, missing.log]).toEqual([1, expect.stringMatching(/^error: hf:\/\/org\/none@main: the hub refuses access \(401\).*\n$/)]);
  const ratio = await run('fit-ratio', '--checkpoint', 'hf://org/model', '--data', `phantom:${phantoms}`, '--device', 'cpu');
  expect([ratio.code, ratio.log]).toEqual([2, expect.stringContaining('is of a hub, whose files stay as they are')]);
});

test('a run records the commit that a branch was, and resumes with it when the branch has moved', { timeout: 120_000 }, async () => {
  const out = join(folder, 'run');
  const train = (...more: string[]) =>
    run(
      'pretrain',
      '--data',
      `phantom:${phantoms}`,
      '--preset',
      'tiny',
      '--text',
      'hf://org/bert@main',
      '--epochs',
      '0,1',
      '--no-stage1',
      '--steps',
      '1,1',
      '--limit',
      '16',
      '--batch',
      '4',
      '--accumulate',
      '1',
      '--workers',
      '0',
      '--device',
      'cpu',
      '--no-report',
      '--out',
      out,
      ...more,
    );
  const first = await train();
  expect(first.code, first.log).toBe(0);
  const began = commits.now;
  const saved = () => JSON.parse(readFileSync(join(out, 'run.json'), 'utf8')) as Record<string, unknown>;
  expect([saved()['text'], saved()['vocabulary']]).toEqual(Array(2).fill(`hf://org/bert@${began}`));
  commits.now = 'b'.repeat(40);
  forgetHub();
  const resumed = await train('--resume');
  expect(resumed.code, resumed.log).toBe(0);
  expect(saved()['text']).toBe(`hf://org/bert@${began}`);
  const { sessions } = JSON.parse(readFileSync(join(out, 'provenance.json'), 'utf8')) as { sessions: { hub?: object }[] };
  for (const { hub } of sessions)
    expect(hub).toEqual({ text: { name: 'hf://org/bert@main', commit: began }, vocabulary: { name: 'hf://org/bert@main', commit: began } });
  const other = await train('--resume', '--text', `hf://org/bert@${commits.now}`);
  expect([other.code, other.log]).toEqual([1, expect.stringContaining('resume with the same settings or name another --out')]);
  for (const name of ['run.json', 'provenance.json', 'metrics.jsonl']) expect(readFileSync(join(out, name), 'utf8')).not.toContain('hf_secret');
});
