// `hybridmed doctor`: what an issue should say of this machine, on one screen.
import { existsSync } from 'node:fs';
import { availableParallelism, cpus, freemem, homedir, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { DeviceListing } from '@hybridmed/runtime/device';
import { version } from '@hybridmed/runtime/version';
import { defineCommand } from '../define-command.ts';
import { environmentVariables } from '../environment.ts';
import { formatVersions, libraryVersions } from '../installed-libraries.ts';
import { jsonOption } from '../options/shared.ts';
import { printResult, table } from '../output.ts';

/** The MPI library that ranks would take, or why there is none. */
async function mpi(): Promise<{ found: boolean; what: string }> {
  const { findMpi } = await import('@hybridmed/ranks/mpi');
  return findMpi().then(
    ({ name }) => ({ found: true, what: name }),
    (error: unknown) => ({ found: false, what: (error as Error).message.split('\n')[0]! }),
  );
}

/** Variables that are set: values only where they are harmless. */
async function environment(): Promise<Record<string, string>> {
  const { launchers } = await import('@hybridmed/ranks/mpi');
  const ofLaunchers = launchers.flatMap(({ rank, size }) => [rank, ...(size === undefined ? [] : [size])]);
  const rows = [...environmentVariables, ...[...new Set(ofLaunchers)].map((name) => ({ name, shown: true as const }))];
  return Object.fromEntries(
    rows.flatMap(({ name, shown }) => {
      const value = process.env[name];
      return value ? [[name, shown ? value : '(set)'] as const] : [];
    }),
  );
}

const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

async function examine() {
  const set = await environment();
  // Before the devices: koffi's stacks are set before a library is loaded through it.
  const foundMpi = await mpi();
  const { listDevices } = await import('@hybridmed/runtime/device');
  const { devices, auto, reason } = await listDevices();
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'hybridmed');
  return {
    hybridmed: version(),
    node: process.version,
    system: `${process.platform} ${process.arch}, ${release()}`,
    cpu: { model: cpus()[0]?.model ?? 'unknown', cores: cpus().length, usable: availableParallelism() },
    memory: { bytes: totalmem(), free: freemem() },
    devices,
    auto,
    reason,
    libraries: libraryVersions(),
    mpi: foundMpi,
    cache: { folder: cache.replace(homedir(), '~'), exists: existsSync(cache) },
    environment: set,
  };
}

/** A row for each device: whether it is there, and what it is called. */
export const deviceRows = (devices: readonly DeviceListing[]): [string, string][] =>
  devices.map(({ kind, available, software, name }) => [`device ${kind}`, `${available ? (software ? 'software' : 'ready') : 'absent'}: ${name}`]);

type Examination = Awaited<ReturnType<typeof examine>>;

function format(found: Examination): string {
  const { cpu, memory, devices, auto, reason, cache } = found;
  return table([
    ['hybridmed', `version ${found.hybridmed}`],
    ['Node', found.node],
    ['system', found.system],
    ['processor', `${cpu.model}, ${cpu.cores} cores, ${cpu.usable} usable`],
    ['memory', `${gibibytes(memory.bytes)}, ${gibibytes(memory.free)} free`],
    ...deviceRows(devices),
    ['auto selects', `${auto ?? 'nothing'}: ${reason}`],
    ['libraries', formatVersions(found.libraries)],
    ['MPI', found.mpi.what],
    ['cache', `${cache.folder}${cache.exists ? '' : ' (not made yet)'}`],
    ['environment', formatVersions(found.environment)],
  ]);
}

/** The command. */
export const doctor = defineCommand({
  name: 'doctor',
  description: 'show what an issue should say of this machine: versions, devices and why, libraries, MPI, caches, environment',
  examples: { doctor: 'versions, devices and why, libraries, MPI: what an issue should say' },
  options: { ...jsonOption },
  async run({ values, output }) {
    printResult(output, values, await examine(), format);
  },
});
