// Commands that a signal stops: one line says so and how to go on, the exit code is the signal's, and nothing is left half-written.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from './support/output.ts';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';

const { folder, remove } = temporaryFolder();
const cli = fileURLToPath(new URL('support/cli.ts', import.meta.url));
afterAll(remove);
let phantoms: string;
beforeAll(async () => {
  phantoms = await smallPhantoms(folder);
});

/** Runs a command in a process of its own and sends it a signal once its log matches. */
function stopped(signal: 'SIGTERM' | 'SIGINT', at: RegExp, ...args: string[]): Promise<{ code: number | null; log: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--conditions=hybridmed-source', '--import', import.meta.resolve('tsx'), cli, ...args]);
    let [log, sent] = ['', false];
    child.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString();
      if (!sent && at.test(log)) sent = child.kill(signal);
    });
    child.on('close', (code) => resolve({ code, log }));
  });
}

const unfinished = (dir: string): string[] => readdirSync(dir, { recursive: true }).filter((name) => String(name).endsWith('.tmp')) as string[];

test('ablate saves the run that trains, and goes on from there', async () => {
  const out = join(folder, 'ablation');
  const args = ['ablate', '--data', `phantom:${phantoms}`, '--preset', 'tiny', '--seeds', '1', '--out', out, '--steps', '2,40', '--epochs', '1,9'];
  const more = ['--variants', 'no-cg', '--device', 'cpu', '--threads', '1', '--workers', '0'];
  const { code, log } = await stopped('SIGTERM', /stage 2.*step|step.*stage 2|computing the teacher/i, ...args, ...more);
  expect(log).toContain('SIGTERM: stopped; run the command again: what is finished is not repeated');
  expect(code, log).toBe(143);
  expect(unfinished(out)).toEqual([]);
});

test('demo saves its run', async () => {
  const { code, log } = await stopped('SIGINT', /device: /, 'demo', '--out', join(folder, 'demo'), '--studies', '100', '--device', 'cpu', '--threads', '1');
  expect(log).toContain('SIGINT: stopped; run the command again to begin anew');
  expect(code, log).toBe(130);
  expect(unfinished(join(folder, 'demo'))).toEqual([]);
});

test('pack ends between shards, and finishes when it is run again', async () => {
  const out = join(folder, 'shards');
  const args = ['data', 'pack', `phantom:${phantoms}`, out, '--size', '48', '--studies-per-shard', '10', '--workers', '0'];
  const whole = join(folder, 'whole');
  expect((await run('data', 'pack', `phantom:${phantoms}`, whole, ...args.slice(4))).code).toBe(0);
  const { code, log } = await stopped('SIGTERM', /warning|packing|./, ...args);
  if (code !== 0) {
    expect(log).toContain('SIGTERM: stopped; run the command again to finish the set');
    expect(code, log).toBe(143);
    expect(unfinished(out)).toEqual([]);
  }
  expect((await run(...args)).code).toBe(0);
  expect(readdirSync(out).toSorted()).toEqual(readdirSync(whole).toSorted());
}, 60_000);

test('a reader that goes ends the command without a trace', async () => {
  const child = spawn(process.execPath, ['--conditions=hybridmed-source', '--import', import.meta.resolve('tsx'), cli, 'evaluate', '--help']);
  child.stdout.destroy();
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect(log).toBe('');
  expect(code).toBe(141);
});
