// MPIs of this machine that tests can start jobs with: the system's, and those of the folders that HYBRIDMED_MPI names (each with bin and lib).
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** A launcher, and the library that its ranks load: the system's by name, or an absolute path. */
export interface Mpi {
  readonly name: string;
  readonly launcher: string;
  readonly flags: readonly string[];
  readonly library: string | undefined;
  /** Its library by absolute path, where that is known. */
  readonly path: string | undefined;
}

/** What an ended job left. */
export interface Ended {
  readonly code: number;
  readonly lines: Record<string, unknown>[];
  readonly errors: string;
  readonly milliseconds: number;
}

/** A job that runs. */
export interface Job {
  /** Fulfilled with what a rank printed, once `count` lines are there. */
  lines(count: number): Promise<Record<string, unknown>[]>;
  readonly ended: Promise<Ended>;
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
}

// Tests share their cores: ranks give way while they wait, and there are more of them than cores.
const openMpiFlags = ['--allow-run-as-root', '--oversubscribe', '--bind-to', 'none'];
const libraries = ['libmpi.so.40', 'libmpi.so.12', 'libmpi_abi.so.1'];
const rank = fileURLToPath(new URL('rank.ts', import.meta.url));

/** The family of a launcher, by what it says of itself; undefined where it does not run. */
function familyOf(launcher: string): 'Open MPI' | 'MPICH' | undefined {
  const { stdout, status } = spawnSync(launcher, ['--version'], { encoding: 'utf8' });
  if (status !== 0) return undefined;
  return stdout.includes('Open MPI') ? 'Open MPI' : /HYDRA|MPICH|Intel/i.test(stdout) ? 'MPICH' : undefined;
}

/** The system's library of a family, as its loader lists it. */
function systemLibrary(family: 'Open MPI' | 'MPICH'): string | undefined {
  const { stdout } = spawnSync('/sbin/ldconfig', ['-p'], { encoding: 'utf8' });
  return (family === 'Open MPI' ? /libmpi\.so\.40 .*=> (.*)$/m : /libmpi(?:ch)?\.so\.12 .*=> (.*)$/m).exec(stdout ?? '')?.[1];
}

function findMpis(): Mpi[] {
  const found = new Map<string, Mpi>();
  const add = (launcher: string, folder?: string): void => {
    const family = familyOf(launcher);
    if (!family) return;
    const flags = family === 'Open MPI' ? openMpiFlags : [];
    if (folder === undefined) found.set(family, { name: `${family} of the system`, launcher, flags, library: undefined, path: systemLibrary(family) });
    for (const file of folder === undefined ? [] : libraries) {
      const library = join(folder!, 'lib', file);
      if (existsSync(library)) found.set(library, { name: `${file} of ${folder}`, launcher, flags, library, path: library });
    }
  };
  for (const launcher of ['mpirun', 'mpirun.mpich', 'mpirun.openmpi']) add(launcher);
  for (const folder of (process.env['HYBRIDMED_MPI'] ?? '').split(delimiter).filter(Boolean)) add(join(folder, 'bin/mpirun'), folder);
  return [...found.values()];
}

/** All MPIs that are here. */
export const mpis: readonly Mpi[] = process.platform === 'linux' ? findMpis() : [];

/** How a skipped test says why. */
export const skipped = '(skipped where no MPI is installed: apt-get install openmpi-bin)';

/** Ends what hangs longer than any test should. */
const testSeconds = 200;

/** How a job is started. */
export interface JobOptions {
  readonly timeoutMs?: number;
  readonly environment?: Record<string, string>;
  /** In place of the MPI's own library. */
  readonly otherLibrary?: string | undefined;
  /** Seconds after which the job is ended in any case; 200 by default. */
  readonly mostSeconds?: number;
  /** The ranks' module, which gets `program`, the library and the timeout as its arguments. */
  readonly script?: string;
}

/** Starts ranks of a program of `rank.ts`, or of another module. */
export function start(
  { launcher, flags, library }: Mpi,
  ranks: number,
  program: string,
  { timeoutMs = 20_000, environment = {}, otherLibrary = library, script = rank, mostSeconds = testSeconds }: JobOptions = {},
): Job {
  const node = [process.execPath, '--conditions=hybridmed-source', '--import', import.meta.resolve('tsx'), script];
  const began = performance.now();
  const child = spawn(launcher, [...flags, '-n', String(ranks), ...node, program, otherLibrary ?? '', String(timeoutMs)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, OMPI_MCA_mpi_yield_when_idle: '1', ...environment },
  });
  let [output, errors] = ['', ''];
  const parsed = (): Record<string, unknown>[] =>
    output
      .slice(0, output.lastIndexOf('\n') + 1)
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  child.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (errors += bytes.toString()));
  const killer = setTimeout(() => child.kill('SIGKILL'), mostSeconds * 1000);
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(killer);
      resolve({ code: signal ? 128 : (code ?? -1), lines: parsed(), errors, milliseconds: performance.now() - began });
    });
  });
  return {
    child,
    ended,
    async lines(count) {
      while (parsed().length < count && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 20));
      if (parsed().length < count) throw new Error(`the job ended before it printed ${count} lines: ${errors}`);
      return parsed();
    },
  };
}

/** Runs a job to its end. */
export const run = (...parameters: Parameters<typeof start>): Promise<Ended> => start(...parameters).ended;
