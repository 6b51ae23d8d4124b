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

/** How a process ended: its exit code, null where it was killed, and the last line that it wrote. */
interface Ended {
  readonly code: number | null;
  readonly said: string;
}

/** Runs pre-training in a process of its own, which gets a signal once its metrics have so many lines more than at the start. */
function pretrain(out: string, after = Infinity, signal: NodeJS.Signals = 'SIGKILL'): Promise<Ended> {
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
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const begun = lines();
    const timer = setInterval(() => {
      if (lines() - begun < after) return;
      clearInterval(timer);
      child.kill(signal);
    }, 2);
    child.on('close', (code) => {
      clearInterval(timer);
      resolve({ code, said: said.trim().split('\n').at(-1)! });
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
      const { studiesPerSecond: _speed, residentMiB: _memory, time: _time, ...rest } = JSON.parse(line) as Record<string, unknown>;
      return rest;
    });
  return files;
}

test('a run killed and stopped again and again and resumed ends with the very bits of the run that was not', async () => {
  const [whole, killed] = [join(folder, 'whole'), join(folder, 'killed')];
  expect((await pretrain(whole)).code).toBe(0);
  const ends: Ended[] = [];
  for (const [after, signal] of [
    [4, 'SIGKILL'],
    [1, 'SIGTERM'],
    [13, 'SIGKILL'],
    [20, 'SIGINT'],
    [25, 'SIGTERM'],
  ] as const) {
    const end = await pretrain(killed, after, signal);
    ends.push(end);
    if (end.code === 0) break;
    expect(end.code).toBe({ SIGKILL: null, SIGINT: 130, SIGTERM: 143 }[signal]);
    if (signal !== 'SIGKILL')
      expect(end.said).toMatch(
        new RegExp(
          `^${signal}: stopped in stage [12] after step \\d+, which is saved; resume with: hybridmed pretrain --data phantom:.* --resume .*${killed}$`,
        ),
      );
  }
  if (ends.at(-1)!.code !== 0) expect((await pretrain(killed)).code).toBe(0);
  expect(ends.length).toBeGreaterThanOrEqual(4);
  expect(contents(killed)).toEqual(contents(whole));
}, 240_000);
