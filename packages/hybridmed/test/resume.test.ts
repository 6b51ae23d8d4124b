import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';

const { folder, remove } = temporaryFolder();
const cli = fileURLToPath(new URL('support/cli.ts', import.meta.url));
let phantoms: string;

beforeAll(async () => {
  phantoms = await smallPhantoms(folder);
});
afterAll(remove);

/** Runs pre-training in a process of its own; kills it with SIGKILL once its metrics have so many lines more than at the start. */
function pretrain(out: string, killAfter = Infinity): Promise<number | null> {
  const lines = () => (existsSync(join(out, 'metrics.jsonl')) ? readFileSync(join(out, 'metrics.jsonl'), 'utf8').split('\n').length - 1 : 0);
  return new Promise((resolve) => {
    const flags = [
      '--data',
      `phantom:${phantoms}`,
      '--preset',
      'tiny',
      '--epochs',
      '2,3',
      '--checkpoint-every',
      '3',
      '--dropout',
      '0.1',
      '--seed',
      '5',
      '--resume',
      '--device',
      'cpu',
      '--threads',
      '1',
      '--no-report',
      '--workers',
      '0',
      '--out',
      out,
    ];
    const child = spawn(process.execPath, ['--conditions=hybridmed-source', '--import', import.meta.resolve('tsx'), cli, 'pretrain', ...flags], {
      stdio: 'ignore',
    });
    const begun = lines();
    const timer = setInterval(() => {
      if (lines() - begun >= killAfter) child.kill('SIGKILL');
    }, 2);
    child.on('close', (code) => {
      clearInterval(timer);
      resolve(code);
    });
  });
}

/** Bytes of every file of the checkpoints, and what the metrics say apart from speed and memory. */
function contents(out: string): Record<string, unknown> {
  const files: Record<string, unknown> = {};
  for (const kind of readdirSync(join(out, 'checkpoints')).toSorted()) {
    for (const file of readdirSync(join(out, 'checkpoints', kind)).toSorted())
      files[`${kind}/${file}`] = readFileSync(join(out, 'checkpoints', kind, file)).toString('base64');
  }
  files.metrics = readFileSync(join(out, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const { studiesPerSecond: _speed, residentMiB: _memory, ...rest } = JSON.parse(line) as Record<string, unknown>;
      return rest;
    });
  return files;
}

test('a run killed again and again and resumed ends with the very bits of the run that was not', async () => {
  const [whole, killed] = [join(folder, 'whole'), join(folder, 'killed')];
  expect(await pretrain(whole)).toBe(0);
  let code: number | null = null;
  let kills = 0;
  for (const after of [4, 1, 13, 20, 25]) {
    code = await pretrain(killed, after);
    if (code !== null) break;
    kills++;
  }
  if (code === null) code = await pretrain(killed);
  expect(code).toBe(0);
  expect(kills).toBeGreaterThanOrEqual(3);
  expect(contents(killed)).toEqual(contents(whole));
}, 240_000);
