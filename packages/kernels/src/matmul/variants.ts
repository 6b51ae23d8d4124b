// How a product can be computed, and how it is where nothing was measured: by what the adapter can do and by the product's shape.
import type { Capabilities, SubgroupMatrix } from '../kernel.ts';
import { sizeClass } from '../kernel.ts';
import { broadcastTile } from './broadcast.ts';
import { fitsTile, matrixTile } from './matrix.ts';
import type { MatmulProblem } from './problem.ts';
import { batchOf, takesHalf, typesOf } from './problem.ts';
import type { Cut } from './tile.ts';
import { vectorRows } from './vector.ts';
import type { WorkgroupTile } from './workgroup.ts';
import { workgroupTiles } from './workgroup.ts';

/** How a product is computed. */
export type Tier =
  | { readonly kind: 'direct' }
  | { readonly kind: 'broadcast'; readonly size: number }
  | { readonly kind: 'vector'; readonly grouped: boolean }
  | { readonly kind: 'workgroup'; readonly tile: WorkgroupTile }
  | { readonly kind: 'matrix'; readonly shape: SubgroupMatrix };

/** Every tier an adapter can run for a problem, the likeliest first. */
function tiersFor(problem: MatmulProblem, { software, subgroupSize, subgroupMatrix }: Capabilities): Tier[] {
  const { m } = problem;
  const grouped = !software && problem.transposeB;
  const vector: Tier[] = m <= vectorRows ? [{ kind: 'vector', grouped }] : [];
  if (software) {
    const broadcast: Tier[] = [4, 8, 16].includes(subgroupSize) ? [{ kind: 'broadcast', size: subgroupSize }] : [];
    return [...vector, ...broadcast, { kind: 'direct' }];
  }
  const matrix: Tier[] = takesHalf(problem) ? subgroupMatrix.filter(fitsTile).map((shape) => ({ kind: 'matrix', shape })) : [];
  return [...vector, ...matrix, ...workgroupTiles.map((tile): Tier => ({ kind: 'workgroup', tile }))];
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

/** Whether a tier can cut products along k too. */
const splits = (tier: Tier): boolean => tier.kind === 'workgroup' || tier.kind === 'matrix';

/** How a tier cuts a product. Tall, thin products are cut along k too, where tiles alone would leave a GPU idle, unless they are to be left whole. */
function cutOf(problem: MatmulProblem, tier: Tier, whole: boolean): Cut {
  const { m, n, k } = problem;
  const [rows, columns] = tileOf(tier);
  const [down, across] = [Math.ceil(m / rows), Math.ceil(n / columns)];
  const tiles = batchOf(problem) * down * across;
  const wanted = !whole && splits(tier) && tiles > 0 ? Math.min(Math.floor(busy / tiles), Math.floor(k / leastDepth), 16) : 1;
  if (wanted <= 1) return { down, across, slices: 1, depth: Math.max(16, Math.ceil(k / 16) * 16) };
  const depth = Math.ceil(k / wanted / 32) * 32;
  return { down, across, slices: Math.ceil(k / depth), depth };
}

/** A tier with its cut, and the name by which a table of measured choices knows both. */
export interface ProductVariant {
  readonly name: string;
  readonly tier: Tier;
  readonly cut: Cut;
}

function nameOf(tier: Tier): string {
  switch (tier.kind) {
    case 'direct':
      return 'direct';
    case 'broadcast':
      return `broadcast ${tier.size}`;
    case 'vector':
      return tier.grouped ? 'vector, grouped' : 'vector';
    case 'workgroup':
      return `workgroup ${tier.tile.rows}x${tier.tile.columns}x${tier.tile.steps}`;
    case 'matrix':
      return `matrix ${tier.shape.m}x${tier.shape.n}x${tier.shape.k}`;
  }
}

/** Every variant an adapter can run for a product: each tier as it is cut by rule, then whole; the one that is taken where none was measured first. */
export function variantsFor(problem: MatmulProblem, capabilities: Capabilities): readonly [ProductVariant, ...ProductVariant[]] {
  const variants = tiersFor(problem, capabilities).flatMap((tier): ProductVariant[] => {
    const cut = { name: nameOf(tier), tier, cut: cutOf(problem, tier, false) };
    return splits(tier) ? [cut, { name: `${cut.name}, whole`, tier, cut: cutOf(problem, tier, true) }] : [cut];
  });
  const { m, n } = problem;
  const tiles = batchOf(problem) * Math.ceil(m / 64) * Math.ceil(n / 64);
  // Few tiles leave most of a GPU idle: smaller ones spread the work.
  const small = variants.find(({ tier }) => tier.kind === 'workgroup' && tier.tile.rows === 32);
  const byRule = variants[0]!.tier.kind === 'workgroup' && small && tiles < 32 ? small : variants[0]!;
  return [byRule, ...variants.filter((variant) => variant !== byRule)];
}

/** A size's class, and whether rows of it are read as quads. */
const quadClass = (size: number): string => `${sizeClass(size)}${size % 4 === 0 ? 'q' : ''}`;

/** Flags, types, batch and sizes of a product. What leaves with it (the epilogue) is the same work for every tier. */
export function shapeClass(problem: MatmulProblem): string {
  const { m, n, k, transposeA, transposeB } = problem;
  const flags = `${transposeA ? 't' : 'n'}${transposeB ? 't' : 'n'} ${typesOf(problem).join(' ')}${problem.half ? ' half' : ''}`;
  return `${flags} ${sizeClass(batchOf(problem))}x${[m, n, k].map(quadClass).join('x')}`;
}
