// Which tier computes a product, and how it is cut: by what the adapter can do and by the product's shape.
import type { Capabilities, SubgroupMatrix } from '../kernel.ts';
import { broadcastTile } from './broadcast.ts';
import { fitsTile, matrixTile } from './matrix.ts';
import type { MatmulProblem } from './problem.ts';
import { batchOf, typesOf } from './problem.ts';
import type { Cut } from './tile.ts';
import { vectorRows } from './vector.ts';
import type { WorkgroupTile } from './workgroup.ts';
import { workgroupTiles } from './workgroup.ts';

/** A way to compute a product. */
export type Tier =
  | { readonly kind: 'direct' }
  | { readonly kind: 'broadcast'; readonly size: number }
  | { readonly kind: 'vector'; readonly grouped: boolean }
  | { readonly kind: 'workgroup'; readonly tile: WorkgroupTile }
  | { readonly kind: 'matrix'; readonly shape: SubgroupMatrix };

/** Every tier an adapter can run for a problem, the likeliest first. */
export function tiersFor(problem: MatmulProblem, { software, subgroupSize, subgroupMatrix }: Capabilities): Tier[] {
  const { m } = problem;
  const grouped = !software && problem.transposeB;
  const vector: Tier[] = m <= vectorRows ? [{ kind: 'vector', grouped }] : [];
  if (software) {
    const broadcast: Tier[] = [4, 8, 16].includes(subgroupSize) ? [{ kind: 'broadcast', size: subgroupSize }] : [];
    return [...vector, ...broadcast, { kind: 'direct' }];
  }
  // Rounding operands to f16 is only what the caller asked for where they are stored so.
  const [a, b] = typesOf(problem);
  const half = a === 'f16' && b === 'f16';
  const matrix: Tier[] = half ? subgroupMatrix.filter(fitsTile).map((shape) => ({ kind: 'matrix', shape })) : [];
  return [...vector, ...matrix, ...workgroupTiles.map((tile): Tier => ({ kind: 'workgroup', tile }))];
}

/** The tier that is taken where none was measured. */
export function chooseTier(problem: MatmulProblem, capabilities: Capabilities): Tier {
  const tiers = tiersFor(problem, capabilities);
  const { m, n } = problem;
  const tiles = batchOf(problem) * Math.ceil(m / 64) * Math.ceil(n / 64);
  // Few tiles leave most of a GPU idle: smaller ones spread the work.
  const small = tiers.find((tier) => tier.kind === 'workgroup' && tier.tile.rows === 32);
  return tiers[0]!.kind === 'workgroup' && small && tiles < 32 ? small : tiers[0]!;
}

/** Rows and columns of a tier's tile. */
function tileOf(tier: Tier): readonly [number, number] {
  switch (tier.kind) {
    case 'direct':
      return [4, 4];
    case 'broadcast':
      return [broadcastTile.rows, broadcastTile.threads * broadcastTile.columns];
    case 'vector':
      return [vectorRows, 1];
    case 'workgroup':
      return [tier.tile.rows, tier.tile.columns];
    case 'matrix':
      return [matrixTile.rows, matrixTile.columns];
  }
}

/** Workgroups that keep any GPU busy, and the least steps of k worth a slice. */
const [busy, leastDepth] = [128, 256] as const;

/** How a tier cuts a product. Tall, thin products are cut along k too, where tiles alone would leave a GPU idle. */
export function cutOf(problem: MatmulProblem, tier: Tier, { software }: Capabilities): Cut {
  const { m, n, k } = problem;
  const [rows, columns] = tileOf(tier);
  const [down, across] = [Math.ceil(m / rows), Math.ceil(n / columns)];
  const tiles = batchOf(problem) * down * across;
  const splits = !software && (tier.kind === 'workgroup' || tier.kind === 'matrix');
  const wanted = splits && tiles > 0 ? Math.min(Math.floor(busy / tiles), Math.floor(k / leastDepth), 16) : 1;
  if (wanted <= 1) return { down, across, slices: 1, depth: Math.max(16, Math.ceil(k / 16) * 16) };
  const depth = Math.ceil(k / wanted / 32) * 32;
  return { down, across, slices: Math.ceil(k / depth), depth };
}
