// Kernels that read many tensors, on few bindings: once memory is planned, tensors that lie in one arena are read through one window of it.
import type { TensorPart } from '@hybridmed/kernels';
import type { MemoryPlan, Placement } from './memory.ts';
import type { PlannedDispatch, Value } from './values.ts';
import { rootOf } from './values.ts';

/** Where tensors lie: parts of arrays. */
export interface Sources {
  readonly parts: readonly TensorPart[];
  readonly arrays: readonly Value[];
}

/** What a kernel that reads many tensors runs on. */
export interface PackedRun<P> {
  /** The problem for tensors that lie as `parts` say in arrays of these lengths. */
  readonly problemOf: (sources: readonly number[], parts: readonly TensorPart[]) => P;
  readonly before?: readonly Value[];
  readonly tensors: readonly Value[];
  readonly after?: readonly Value[];
  readonly outputs?: readonly Value[];
}

/** Dispatches that stand for others until memory is planned: for its plan they read what those will read. */
export interface Placeholders {
  readonly first: number;
  readonly count: number;
  readonly tensors: readonly Value[];
  /** The dispatches in their place. */
  readonly on: (sources: Sources) => readonly PlannedDispatch[];
}

/** Every tensor as an array of its own: what is known before memory is planned. */
export const unpacked = (tensors: readonly Value[]): Sources => ({
  arrays: tensors,
  parts: tensors.map(({ length }, source) => ({ length, source, from: 0 })),
});

/** Numbers of f32 in so many bytes. */
const elementsOf = (bytes: number): number => bytes / 4;

/** First element of a value within its root. */
const offsetIn = ({ home }: Value): number => (home.kind === 'part' ? home.offset + offsetIn(home.of) : 0);

interface Window {
  readonly arena: number;
  begin: number;
  end: number;
}

/** The limits that windows keep. */
interface WindowLimits {
  readonly alignment: number;
  readonly maxBindingSize: number;
}

/** Tensors as parts of as few arrays as bindings allow, and where the windows among these lie. Every tensor is f32. */
export function packed(
  tensors: readonly Value[],
  { placements }: MemoryPlan,
  { alignment, maxBindingSize }: WindowLimits,
  create: (length: number) => Value,
): Sources & { readonly placed: ReadonlyMap<Value, Placement> } {
  const unit = elementsOf(alignment);
  const maxElements = elementsOf(maxBindingSize);
  const windows: Window[] = [];
  const located = tensors.map((tensor) => {
    const [root, offset] = [rootOf(tensor), offsetIn(tensor)];
    const place = placements.get(root);
    if (!place) return { in: root, at: offset };
    const at = elementsOf(place.offset) + offset;
    const [begin, end] = [Math.floor(at / unit) * unit, Math.ceil((at + tensor.length) / unit) * unit];
    let window = windows.findLast(({ arena }) => arena === place.arena);
    if (!window || Math.max(window.end, end) - Math.min(window.begin, begin) > maxElements) windows.push((window = { arena: place.arena, begin, end }));
    window.begin = Math.min(window.begin, begin);
    window.end = Math.max(window.end, end);
    return { in: window, at };
  });
  const values = new Map(windows.map((window) => [window, create(window.end - window.begin)]));
  const arrayOf = (of: Window | Value): Value => ('arena' in of ? values.get(of)! : of);
  const arrays = [...new Set(located.map((one) => arrayOf(one.in)))];
  return {
    arrays,
    parts: located.map(({ in: of, at }, i) => ({
      length: tensors[i]!.length,
      source: arrays.indexOf(arrayOf(of)),
      from: 'arena' in of ? at - of.begin : at,
    })),
    placed: new Map([...values].map(([{ arena, begin }, value]) => [value, { arena, offset: begin * 4 }])),
  };
}

/** A plan's dispatches, placeholders among them replaced by what runs on windows of the arenas, and where all values lie. */
export function bindPacked(
  dispatches: readonly PlannedDispatch[],
  placeholders: readonly Placeholders[],
  memory: MemoryPlan,
  limits: WindowLimits,
  create: (length: number) => Value,
): { dispatches: readonly PlannedDispatch[]; memory: MemoryPlan } {
  const placements = new Map(memory.placements);
  const bound: PlannedDispatch[] = [];
  let next = 0;
  for (const { first, count, tensors, on } of placeholders) {
    const { placed, ...sources } = packed(tensors, memory, limits, create);
    for (const [value, place] of placed) placements.set(value, place);
    bound.push(...dispatches.slice(next, first), ...on(sources));
    next = first + count;
  }
  return { dispatches: [...bound, ...dispatches.slice(next)], memory: { ...memory, placements } };
}
