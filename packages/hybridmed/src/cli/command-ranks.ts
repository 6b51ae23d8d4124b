// The ranks of a command that trains: processes that mpirun or srun started beside this one.
import { availableParallelism, cpus } from 'node:os';
import type { Communicator } from '@hybridmed/ranks';
import { HybridmedError } from '@hybridmed/tensor';
import { choice, option, string } from '@hybridmed/training/options';
import type { Output } from './output.ts';

/** How ranks are found. */
export const ranksOptions = {
  ranks: option({
    value: choice(['auto', 'mpi', 'off']),
    argument: 'mode',
    help: 'processes that train together: those that mpirun or srun started, if any (auto), by MPI in any case (mpi), or this one alone (off)',
    default: 'auto',
  }),
  mpiLibrary: option({ value: string(), argument: 'path', help: 'absolute path of the MPI library', defaultWords: "the system's" }),
};

/** Opens the ranks that options and the launcher's variables name, and says which. Throws one line where they cannot be connected. */
export async function openCommandRanks(
  { ranks: mode, mpiLibrary: library }: { readonly ranks: 'auto' | 'mpi' | 'off'; readonly mpiLibrary?: string | undefined },
  log: (text: string) => void,
): Promise<Communicator> {
  const [{ openRanks }, { RanksError }] = await Promise.all([import('@hybridmed/ranks/mpi'), import('@hybridmed/ranks')]);
  const ranks = await openRanks({ mode, ...(library === undefined ? {} : { library }) }).catch((error: unknown) => {
    throw error instanceof RanksError ? new HybridmedError(error.message) : error;
  });
  if (ranks.rank > 0 || ranks.size === 1) return ranks;
  log(`ranks: ${ranks.size}, ${ranks.node.size} of them on this machine, over ${ranks.info.library}`);
  const [own, all] = [availableParallelism(), cpus().length];
  if (own === 1 && all > 1) log(`the launcher binds each rank to one of ${all} cores; give mpirun --bind-to none, or srun --cpus-per-task`);
  return ranks;
}

/** What a rank other than 0 prints: nothing but how it fails. */
export const silentOutput = (output: Output): Output => Object.assign(Object.create(output) as Output, { result: () => undefined, log: () => undefined });
