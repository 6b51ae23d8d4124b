// Who started this process beside others, told from the environment: what the variables of launchers mean, as one table.
import { RanksError } from '../communicator.ts';
import type { Abi } from './abis.ts';
import { mpich, openMpi, standardAbi } from './abis.ts';

/** One launcher: its variables, and the libraries that it can connect, likely ones first. */
export interface Launcher {
  readonly name: string;
  /** Variable with this process's number, and the one with how many there are, where the launcher gives it. */
  readonly rank: string;
  readonly size: string | undefined;
  readonly libraries: readonly Abi[];
  /** Set where the launcher starts processes without connecting them: what to do. */
  readonly advice?: string;
}

/** Launchers by their variables; the first whose variable is set is the one. */
export const launchers: readonly Launcher[] = [
  { name: "Open MPI's mpirun", rank: 'OMPI_COMM_WORLD_RANK', size: 'OMPI_COMM_WORLD_SIZE', libraries: [openMpi, standardAbi] },
  { name: 'Hydra or PMI-2', rank: 'PMI_RANK', size: 'PMI_SIZE', libraries: [mpich, standardAbi, openMpi] },
  { name: 'PMIx', rank: 'PMIX_RANK', size: 'SLURM_STEP_NUM_TASKS', libraries: [openMpi, mpich, standardAbi] },
  {
    name: 'srun',
    rank: 'SLURM_PROCID',
    size: 'SLURM_STEP_NUM_TASKS',
    libraries: [],
    advice: 'start with `srun --mpi=pmix` or `srun --mpi=pmi2` (`srun --mpi=list` shows what this cluster has)',
  },
];

/** What the environment says of this process. */
export interface Launch {
  readonly launcher: Launcher;
  readonly rank: number;
  /** Undefined where the launcher does not say. */
  readonly size: number | undefined;
}

/** A whole number of the environment. Throws a RanksError for anything else. */
function numberOf(environment: Readonly<Record<string, string | undefined>>, variable: string): number {
  const text = environment[variable]!;
  if (!/^\d{1,9}$/.test(text)) throw new RanksError(`the launcher's variable ${variable} is "${text}", which is no number`);
  return Number(text);
}

/**
 * The launch that a process belongs to; undefined where it was started alone. Where the processes are to be `connected` (by default), throws a
 * RanksError for those that were started together and cannot reach one another, with what to do.
 */
export function launchOf(
  environment: Readonly<Record<string, string | undefined>>,
  { connected = true }: { readonly connected?: boolean } = {},
): Launch | undefined {
  const launcher = launchers.find(({ rank }) => environment[rank]);
  if (!launcher) return undefined;
  const size = launcher.size !== undefined && environment[launcher.size] ? numberOf(environment, launcher.size) : undefined;
  // srun sets its variables in whatever it starts, one process too.
  if (size === 1 || (launcher.advice !== undefined && size === undefined)) return undefined;
  const rank = numberOf(environment, launcher.rank);
  if (connected && launcher.advice !== undefined)
    throw new RanksError(`${launcher.name} started ${size} processes that cannot reach one another; ${launcher.advice}`);
  return { launcher, rank, size };
}
