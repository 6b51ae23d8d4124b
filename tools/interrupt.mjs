// Kills a small run on the CPU at random moments and resumes it, again and again, until it ends: model and moments must have the bits of a run
// that nobody interrupted. `node tools/interrupt.mjs [--seed N] [--kills 20]` after `npm run build`; prints a table, exits with 1 for other bits.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { seed: { type: 'string', default: '0' }, kills: { type: 'string', default: '20' } } });
const [seed, kills] = [Number(values.seed), Number(values.kills)];
const cli = fileURLToPath(new URL('../packages/hybridmed/bin/hybridmed.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'hybridmed-interrupt-'));

/** A random number in [0, 1) for each further call [mulberry32]. */
let state = seed >>> 0;
function random() {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

/** Runs the command line; kills it with `signal` after `afterMs`. Gives how it ended. */
function run(args, signal, afterMs) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    child.stderr.on('data', (chunk) => (log += chunk));
    const timer = signal === undefined ? undefined : setTimeout(() => child.kill(signal), afterMs);
    child.on('close', (code, endedBy) => {
      clearTimeout(timer);
      resolve({ code, endedBy, log });
    });
  });
}

const files = ['stage1-best', 'stage1-last', 'stage2-best', 'stage2-last'].flatMap((name) =>
  ['model.safetensors', ...(name.endsWith('last') ? ['optimizer.safetensors', 'trainer.json'] : [])].map((file) => join('checkpoints', name, file)),
);
const hashes = (out) =>
  files.map((file) =>
    createHash('sha256')
      .update(readFileSync(join(out, file)))
      .digest('hex'),
  );
const fail = (problem, { log }) => {
  throw new Error(`${problem}: ${log.slice(-600)}`);
};

const phantoms = join(folder, 'phantoms');
// prettier-ignore
const settings = ['--preset', 'tiny', '--epochs', '2,3', '--batch', '8', '--checkpoint-every', '2', '--device', 'cpu', '--threads', '1', '--workers', '1', '--no-report'];
const pretrain = (out) => ['pretrain', '--data', `phantom:${phantoms}`, '--out', out, '--resume', ...settings];

/** Interrupts runs with a signal until there were so many interruptions; each run is resumed to its end. */
async function interrupted(signal, wholeMs, expected) {
  const ends = { kills: 0, runs: 0, clean: 0, late: 0, equal: 0 };
  while (ends.kills < kills) {
    const out = join(folder, `${signal}-${ends.runs++}`);
    for (;;) {
      const left = ends.kills < kills;
      const started = performance.now();
      // Somewhere in the whole command, from its start to beyond its end.
      const result = await run(pretrain(out), left ? signal : undefined, random() * wholeMs * 1.1);
      if (result.code === 0) {
        if (left) ends.late++;
        break;
      }
      ends.kills++;
      if (result.code === 143) ends.clean++;
      else if (result.endedBy !== signal) fail(`ended with ${result.code} after ${Math.round(performance.now() - started)} ms`, result);
    }
    const own = hashes(out);
    const other = files.filter((_, i) => own[i] !== expected[i]);
    if (other.length > 0) process.stdout.write(`${signal}, run ${ends.runs}: other bits in ${other.join(', ')}\n`);
    else ends.equal++;
    rmSync(out, { recursive: true });
  }
  return ends;
}

try {
  const made = await run(['data', 'phantom', phantoms, '--studies', '80', '--size', '40']);
  if (made.code !== 0) fail('no phantoms', made);
  const whole = join(folder, 'whole');
  const started = performance.now();
  const uninterrupted = await run(pretrain(whole));
  if (uninterrupted.code !== 0 || !existsSync(join(whole, files[0]))) fail('the run that nobody interrupts', uninterrupted);
  const wholeMs = performance.now() - started;
  const expected = hashes(whole);
  process.stdout.write(`seed ${seed}; the whole run takes ${(wholeMs / 1000).toFixed(1)} s; ${files.length} files compared by SHA-256\n`);
  process.stdout.write('signal   sent  saved and said  ended before it  runs  equal bits\n');
  for (const signal of ['SIGKILL', 'SIGTERM']) {
    const { kills: sent, clean, late, runs, equal } = await interrupted(signal, wholeMs, expected);
    process.stdout.write(`${[signal.padEnd(7), sent, clean, late, runs, equal].join('\t')}\n`);
    if (equal !== runs) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
