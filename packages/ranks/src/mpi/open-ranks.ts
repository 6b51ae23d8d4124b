// Opens the ranks that a launcher started: MPI, where the environment says that there are any.
import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { alone } from '../alone.ts';
import type { Communicator } from '../communicator.ts';
import { RanksError } from '../communicator.ts';
import type { MpiCalls } from './calls.ts';
import { bindCalls } from './calls.ts';
import type { Launch } from './launchers.ts';
import { launchOf } from './launchers.ts';
import type { Library } from './library.ts';
import { loadLibrary } from './library.ts';
import { mpiCommunicator } from './mpi-communicator.ts';
import { Rendezvous } from './rendezvous.ts';

/** How ranks are opened. */
export interface OpenRanksOptions {
  /** `auto` (default): MPI where a launcher's variables say so. `mpi`: in any case, with one rank where no launcher says more. `off`: never. */
  mode?: 'auto' | 'mpi' | 'off';
  /** Absolute path of the MPI library; by default the system's, of the launcher's kind first. */
  library?: string;
  /** Milliseconds after which a rank that has not come to a collective ends the job; 10 minutes by default. */
  timeoutMs?: number;
}

let opened = false;

/**
 * The ranks of this process's job. `alone`, without any library being loaded, where no launcher started it. Throws a RanksError where the
 * processes cannot be connected, with what to do.
 */
export async function openRanks({ mode = 'auto', library, timeoutMs = 600_000 }: OpenRanksOptions = {}): Promise<Communicator> {
  if (mode === 'off') return alone;
  const launch = launchOf(process.env);
  if (!launch && mode === 'auto') return alone;
  if (!(timeoutMs >= 1 && timeoutMs <= 2 ** 30)) throw new RanksError(`the ranks' timeout is ${timeoutMs} ms; give 1 to ${2 ** 30}`);
  if (opened) throw new RanksError('the ranks of this process are open already; open them once and hand them on');
  const loaded = await loadLibrary(library, launch?.launcher.libraries);
  opened = true;
  const calls = bindCalls(loaded);
  await initialize(calls, loaded);
  const [rank, size] = [await numberOf(calls, 'MPI_Comm_rank'), await numberOf(calls, 'MPI_Comm_size')];
  const abort = (line: string, code = 1): never => {
    writeSync(2, `error: ${line}\n`);
    // A launcher that ends the job does not wait for lines that are on their way through it.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    calls.abort(code);
    process.exit(code);
  };
  checkLaunch(launch, loaded, size);
  const options = { calls, rank, size, handleBytes: loaded.abi.handle.bytes, timeoutMs, abort };
  const rendezvous = size > 1 ? await Rendezvous.open(options) : undefined;
  const ranks = mpiCommunicator({ calls, rank, size, abi: loaded.abi, library: loaded.name, rendezvous, abort });
  const neighbours = await neighboursOf(ranks);
  rendezvous?.setNeighbours(neighbours);
  return { ...ranks, node: { rank: [...neighbours.keys()].indexOf(rank), size: neighbours.size } };
}

async function initialize(calls: MpiCalls, { abi, name }: Library): Promise<void> {
  const provided = new Int32Array(32);
  await calls.call('MPI_Init_thread', null, null, abi.threadSerialized, provided);
  if (provided[0]! < abi.threadSerialized)
    throw new RanksError(`${name} lets only one thread call it (level ${provided[0]}); use a build with thread support (MPI_THREAD_SERIALIZED)`);
}

async function numberOf(calls: MpiCalls, name: 'MPI_Comm_rank' | 'MPI_Comm_size'): Promise<number> {
  const value = new Int32Array(32);
  await calls.call(name, calls.handles.world, value);
  return value[0]!;
}

/** Two MPIs, one that launches and one that connects, give as many jobs of one rank as there are processes. */
function checkLaunch(launch: Launch | undefined, { name, file }: Library, size: number): void {
  if (launch?.size !== undefined && launch.size !== size)
    throw new RanksError(
      `${launch.launcher.name} started ${launch.size} processes, but ${name} (${file}) connects ${size}: launcher and library are of two MPIs; name the launcher's own by an absolute path (--mpi-library)`,
    );
}

/** Process ids by rank of those whose machine has the same name, this one included. */
async function neighboursOf(ranks: Communicator): Promise<Map<number, number>> {
  const digest = createHash('sha256').update(hostname()).digest();
  const own = Int32Array.from({ length: 4 }, (_, i) => digest.readInt32LE(i * 4));
  const width = own.length + 1;
  const all = await ranks.allGather(Int32Array.of(...own, process.pid));
  const here = Array.from({ length: ranks.size }, (_, rank) => rank).filter((rank) => own.every((value, i) => value === all[rank * width + i]));
  return new Map(here.map((rank) => [rank, all[rank * width + own.length]!]));
}
