// Whether a run is to stop, on which all its ranks agree.
import type { Communicator } from '@hybridmed/ranks';
import { alone } from '@hybridmed/ranks';

/** What is asked to stop, and by whom it is computed. */
export interface Stoppable {
  readonly signal?: AbortSignal | undefined;
  readonly ranks?: Communicator | undefined;
}

/** Whether any rank's signal is aborted. Collective. */
export async function stopAsked({ signal, ranks = alone }: Stoppable): Promise<boolean> {
  const asked = Float64Array.of(signal?.aborted ? 1 : 0);
  await ranks.allReduce(asked);
  return asked[0]! > 0;
}

/** The signal, where there is one rank: it may stop at any moment. Several stop where all of them ask. */
export const ownSignal = ({ signal, ranks = alone }: Stoppable): AbortSignal | undefined => (ranks.size === 1 ? signal : undefined);
