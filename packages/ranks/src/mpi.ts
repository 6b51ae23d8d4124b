// Ranks over MPI, in Node.
export { findMpi } from './mpi/library.ts';
export { launchOf, launchers } from './mpi/launchers.ts';
export type { Launch, Launcher } from './mpi/launchers.ts';
export { openRanks } from './mpi/open-ranks.ts';
export type { OpenRanksOptions } from './mpi/open-ranks.ts';
