// Processes that work together: the contract, one process by itself, agreement on what is run, and a slow network for tests.
export { agree, broadcastText } from './agree.ts';
export { alone } from './alone.ts';
export { RanksError } from './communicator.ts';
export type { Communicator } from './communicator.ts';
export { collectiveMs, delayed } from './delayed.ts';
export type { Network } from './delayed.ts';
