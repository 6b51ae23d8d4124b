// Passes of a step as lanes: which process runs which of them, and which studies of a set in shards each reads.

/** How a step's passes are shared among processes. */
export interface Passes {
  /** Passes of a step, over all processes. */
  readonly passes: number;
  /** Studies of a pass. */
  readonly passSize: number;
  readonly rank: number;
  readonly ranks: number;
}

/** Lanes of a rank: every `ranks`-th. Together all ranks have each lane once, whatever their number. */
export const lanesOf = ({ passes, rank, ranks }: Passes): number[] => Array.from({ length: passes / ranks }, (_, i) => rank + i * ranks);

/** Studies of a shard, in the order in which they lie there, or a part of them. */
export type Piece = readonly number[];

/**
 * Deals studies that lie in shards to lanes, in the shards' order: lanes have equal numbers of studies, give or take one, and keep them
 * in all epochs, so that what a process has fetched it can keep. A shard on the border of lanes is shared. Nothing depends on how many
 * processes there are.
 */
export function dealShards(shards: readonly Piece[], lanes: number): Piece[][] {
  const total = shards.reduce((sum, shard) => sum + shard.length, 0);
  const dealt: Piece[][] = [];
  let [shard, at] = [0, 0];
  for (let lane = 0; lane < lanes; lane++) {
    const pieces: Piece[] = [];
    let missing = Math.floor(((lane + 1) * total) / lanes) - Math.floor((lane * total) / lanes);
    while (missing > 0) {
      const piece = shards[shard]!.slice(at, at + missing);
      if (piece.length > 0) pieces.push(piece);
      missing -= piece.length;
      at += piece.length;
      if (at === shards[shard]!.length) [shard, at] = [shard + 1, 0];
    }
    dealt.push(pieces);
  }
  return dealt;
}
