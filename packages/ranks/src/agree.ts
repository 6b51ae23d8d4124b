// Ranks compare what they were started with before they work together: settings, data, versions.
import type { Communicator } from './communicator.ts';
import { RanksError } from './communicator.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A text of rank `root` (0 by default), on every rank; what the others give is not looked at. */
export async function broadcastText(ranks: Communicator, text: string, root = 0): Promise<string> {
  const own = encoder.encode(text);
  const lengths = await ranks.allGather(Int32Array.of(own.length));
  const bytes = ranks.rank === root ? own : new Uint8Array(lengths[root]!);
  await ranks.broadcast(bytes, root);
  return decoder.decode(bytes);
}

type Facts = Readonly<Record<string, string>>;

/** A fact that two ranks do not share: rank 0's in its order first, then those that rank 0 has not; undefined where all are equal. */
const firstDifference = (own: Facts, reference: Facts): string | undefined =>
  [...Object.keys(reference), ...Object.keys(own)].find((fact) => own[fact] !== reference[fact]);

const shown = (value: string | undefined): string => (value === undefined ? 'none' : value.length > 120 ? `${value.slice(0, 117)}...` : value);

/**
 * Compares facts by name over all ranks with those of rank 0. Throws the same RanksError on every rank for the first rank that has another
 * one: `rank 3 has data 9f3c, rank 0 has 71aa`.
 */
export async function agree(ranks: Communicator, facts: Facts): Promise<void> {
  const reference = JSON.parse(await broadcastText(ranks, JSON.stringify(facts))) as Facts;
  const difference = firstDifference(facts, reference);
  const differs = await ranks.allGather(Int32Array.of(difference === undefined ? 0 : 1));
  const rank = differs.indexOf(1);
  if (rank < 0) return;
  const line = `rank ${rank} has ${difference} ${shown(facts[difference!])}, rank 0 has ${shown(reference[difference!])}; start all ranks alike`;
  throw new RanksError(await broadcastText(ranks, ranks.rank === rank ? line : '', rank));
}
