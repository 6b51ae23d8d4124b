// Places every intermediate in a few arenas: values that live at different times share bytes; what a dispatch writes lies in another arena than what it reads.
import { elementBytes } from '@hybridmed/kernels';
import { DeviceLimitError } from '../device/errors.ts';
import type { PlannedDispatch, Value } from './values.ts';
import { rootOf } from './values.ts';

/** Where a value lies. */
export interface Placement {
  readonly arena: number;
  readonly offset: number;
}

/** The memory of a plan. */
export interface MemoryPlan {
  readonly placements: ReadonlyMap<Value, Placement>;
  /** Bytes of each arena. */
  readonly arenas: readonly number[];
  /** Bytes that all intermediates would take side by side. */
  readonly unshared: number;
}

/** What the adapter can hold. */
export interface MemoryLimits {
  readonly alignment: number;
  readonly maxBufferSize: number;
  readonly maxBindingSize: number;
}

/** Bytes a value is bound with: whole quads, and at least one, since shaders may read in quads; a part ends with its elements, in whole words. */
export function byteLength({ type, length, home }: Value): number {
  const whole = home.kind === 'part' ? 4 : 16;
  return Math.max(whole, Math.ceil((length * elementBytes(type)) / whole) * whole);
}

/** Offsets of blocks one after another. */
export function layOut(sizes: readonly number[], alignment: number): { offsets: number[]; total: number } {
  let total = 0;
  const offsets = sizes.map((size) => {
    const offset = total;
    total += Math.ceil(size / alignment) * alignment;
    return offset;
  });
  return { offsets, total };
}

interface Life {
  first: number;
  last: number;
  readonly conflicts: Set<Value>;
}

function lives(dispatches: readonly PlannedDispatch[], kept: ReadonlySet<Value>): Map<Value, Life> {
  const lifeOf = new Map<Value, Life>();
  const at = (value: Value, index: number): Life => {
    let life = lifeOf.get(value);
    if (!life) lifeOf.set(value, (life = { first: index, last: index, conflicts: new Set() }));
    life.last = index;
    return life;
  };
  dispatches.forEach(({ values, writes }, index) => {
    const written = new Set(writes.map((i) => rootOf(values[i]!)));
    const roots = values.map(rootOf);
    for (const value of roots) {
      if (value.home.kind !== 'arena') continue;
      const life = at(value, index);
      // A buffer may not be read and written by one dispatch, whatever the ranges.
      for (const other of roots) if (other !== value && other.home.kind === 'arena' && written.has(other) !== written.has(value)) life.conflicts.add(other);
    }
  });
  for (const value of kept) if (value.home.kind === 'arena') at(value, dispatches.length);
  return lifeOf;
}

interface Block {
  readonly offset: number;
  readonly size: number;
  readonly last: number;
}

/** The lowest gap of an arena that holds `size` bytes. */
function gapIn(blocks: readonly Block[], size: number): number {
  let offset = 0;
  for (const block of blocks) {
    if (block.offset - offset >= size) break;
    offset = Math.max(offset, block.offset + block.size);
  }
  return offset;
}

/** An intermediate by its length and by what writes it. */
function describe(value: Value, dispatches: readonly PlannedDispatch[]): string {
  const writer = dispatches.find(({ values, writes }) => writes.some((i) => values[i] === value));
  return `an intermediate of ${value.length} elements${writer ? ` (of ${writer.label})` : ''}`;
}

/** Plans memory. `kept` are values needed after the last dispatch. Throws a DeviceLimitError where the adapter cannot bind a value. */
export function planMemory(
  dispatches: readonly PlannedDispatch[],
  kept: ReadonlySet<Value>,
  { alignment, maxBufferSize, maxBindingSize }: MemoryLimits,
): MemoryPlan {
  const placements = new Map<Value, Placement>();
  const live: Block[][] = [];
  const sizes: number[] = [];
  let unshared = 0;
  for (const [value, { first, last, conflicts }] of [...lives(dispatches, kept)].toSorted((a, b) => a[1].first - b[1].first)) {
    const size = Math.ceil(byteLength(value) / alignment) * alignment;
    if (size > maxBindingSize) throw new DeviceLimitError(describe(value, dispatches), size, { bytes: maxBindingSize, verb: 'bind' });
    unshared += size;
    const conflictingArenas = new Set([...conflicts].flatMap((other) => (placements.has(other) ? [placements.get(other)!.arena] : [])));
    for (let arena = 0; ; arena++) {
      if (conflictingArenas.has(arena)) continue;
      live[arena] = (live[arena] ?? []).filter((block) => block.last >= first);
      const offset = gapIn(live[arena]!, size);
      if (offset + size > maxBufferSize) continue;
      live[arena] = [...live[arena]!, { offset, size, last }].toSorted((a, b) => a.offset - b.offset);
      sizes[arena] = Math.max(sizes[arena] ?? 0, offset + size);
      placements.set(value, { arena, offset });
      break;
    }
  }
  return { placements, arenas: Array.from(sizes, (size) => size ?? 0), unshared };
}
