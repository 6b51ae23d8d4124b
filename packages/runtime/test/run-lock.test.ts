// Two processes that train into one folder would mix their checkpoints: the second is turned away, whatever becomes of the first.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { jobOf } from '../src/run/lock-holder.ts';
import { holdRun } from '../src/run/run-lock.ts';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
const out = join(folder, 'run');
const lock = join(out, 'run.lock');
const refusal = /another process is training in it \(process \d+ on .+, since \d{4}-.+Z\); wait for it with --wait-for-lock, stop it, or name another --out$/;

const free = async (path = out): Promise<void> => (await holdRun(path)).release();

test('a folder is held until it is given back, however its path is written, and does not stay where nothing came of it', async () => {
  const hold = await holdRun(join(out, 'deep'));
  symlinkSync(out, join(folder, 'link'));
  for (const path of [join(out, '.', 'deep'), `${out}/deep/`, relative(process.cwd(), join(out, 'deep')), join(folder, 'link', 'deep')])
    await expect(holdRun(path)).rejects.toThrow(refusal);
  const other = await holdRun(join(folder, 'other'));
  hold.check();
  await hold.release();
  await other.release();
  expect(readdirSync(folder)).toEqual(['link']);
  await free(join(out, 'deep'));
  expect(existsSync(out)).toBe(false);
});

const canMount = (from: string, to: string): boolean => {
  try {
    execFileSync('mount', ['--bind', from, to], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

test('a folder that is mounted elsewhere too is the same folder', async ({ skip }) => {
  const [real, mounted] = [join(folder, 'real'), join(folder, 'mounted')];
  mkdirSync(real);
  mkdirSync(mounted);
  skip(!canMount(real, mounted), 'folders cannot be mounted here');
  try {
    const hold = await holdRun(real);
    await expect(holdRun(mounted)).rejects.toThrow(refusal);
    await hold.release();
    await free(mounted);
  } finally {
    execFileSync('umount', [mounted]);
  }
});

test('a process that is killed holds nothing', async () => {
  const module = JSON.stringify(new URL('../src/run/run-lock.ts', import.meta.url).href);
  const script = `const { holdRun } = await import(${module}); await holdRun(${JSON.stringify(out)}); console.log('held'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--conditions=hybridmed-source', '--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', script]);
  await once(child.stdout, 'data');
  await expect(holdRun(out)).rejects.toThrow(`(process ${child.pid} on ${hostname()}, since `);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await free();
});

test('a holder of which nothing is known holds until it has not touched its lock for a minute; whoever waits has it then', async () => {
  mkdirSync(out, { recursive: true });
  const started = '2026-01-02T03:04:05.678Z';
  const foreign = JSON.stringify({ host: 'elsewhere', pid: 1, boot: 'b', processes: '', started, token: 't' });
  for (const content of [foreign, '']) {
    writeFileSync(lock, content);
    utimesSync(lock, Date.now() / 1000 - 50, Date.now() / 1000 - 50);
    await expect(holdRun(out)).rejects.toThrow(content === '' ? 'another process is training in it;' : `process 1 on elsewhere, since ${started}`);
    expect(readFileSync(lock, 'utf8')).toBe(content);
    const told: string[] = [];
    const waiting = holdRun(out, { wait: true, onWait: (text) => told.push(text) });
    await expect.poll(() => told.length).toBe(1);
    utimesSync(lock, Date.now() / 1000 - 61, Date.now() / 1000 - 61);
    const hold = await waiting;
    expect(told).toHaveLength(1);
    await expect(holdRun(out)).rejects.toThrow(refusal);
    await hold.release();
  }
});

test('a lock that is a pipe, a folder or huge is one of which nothing is known', async () => {
  mkdirSync(out, { recursive: true });
  const kinds = [() => execFileSync('mkfifo', [lock]), () => mkdirSync(lock), () => writeFileSync(lock, `{${' '.repeat(1e6)}}`)];
  for (const make of kinds) {
    make();
    await expect(holdRun(out)).rejects.toThrow('another process is training in it;');
    rmSync(lock, { recursive: true });
  }
});

test('of several that find a lock left behind one has it; who has lost it is told before it writes', async () => {
  const lost = await holdRun(out);
  utimesSync(lock, Date.now() / 1000 - 61, Date.now() / 1000 - 61);
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => holdRun(out)));
  const holds = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  expect(holds).toHaveLength(1);
  expect(() => lost.check()).toThrow('its lock is no longer held by this process; resume the run once no other process trains in it');
  await lost.release();
  holds[0]!.check();
  await holds[0]!.release();
  expect(readdirSync(out)).toEqual([]);
});

test('waiting ends when it is told to', async () => {
  const hold = await holdRun(out);
  await expect(holdRun(out, { wait: true, signal: AbortSignal.timeout(50) })).rejects.toThrow('aborted');
  await hold.release();
});

test.each([
  [{}, undefined],
  [{ SLURM_JOB_ID: '4711', PMIX_NAMESPACE: 'prterun-node7-1@1' }, 'Slurm job 4711'],
  [{ PBS_JOBID: '12.head' }, 'PBS job 12.head'],
  [{ PMIX_NAMESPACE: '1234567' }, 'MPI job 1234567'],
  [{ OMPI_MCA_ess_base_jobid: '99' }, 'MPI job 99'],
] as const)('the job of a process with %j', (environment, job) => expect(jobOf(environment)).toBe(job));

test('who is turned away is told the job that holds the folder', async () => {
  process.env.SLURM_JOB_ID = '4711';
  try {
    const hold = await holdRun(out);
    expect(JSON.parse(readFileSync(lock, 'utf8'))).toMatchObject({ job: 'Slurm job 4711' });
    await expect(holdRun(out)).rejects.toThrow(new RegExp(`process ${process.pid} on ${hostname()}, Slurm job 4711, since \\d{4}-`));
    await hold.release();
  } finally {
    delete process.env.SLURM_JOB_ID;
  }
});
