// Decoding on a device: keeps in its state what steps read, gives it up as studies leave, and lets the cache grow.
import type { Device, DeviceState, Graph, Program } from '@hybridmed/tensor';
import type { DecodingOptions } from './cached-decoding.ts';
import { rearrangeGraph, startGraph, stepGraph } from './cached-decoding.ts';
import type { Stepper } from './search.ts';

// Tokens the cache has room for at first; it doubles where that is not enough, so that a device meets few sizes.
const firstCapacity = 16;

type Numbers = Int32Array<ArrayBuffer>;

const i32 = (data: Numbers, ...shape: number[]) => ({ data, shape: shape.length === 0 ? [data.length] : shape });

const upTo = (count: number): Numbers => Int32Array.from({ length: count }, (_, i) => i);

/** Programs by name, compiled when they are first needed. */
function programs<Name extends string>(device: Device, graphs: Readonly<Record<Name, () => Graph>>) {
  const compiled = new Map<Name, Promise<Program>>();
  return {
    get(name: Name): Promise<Program> {
      const known = compiled.get(name) ?? device.compile(graphs[name]());
      compiled.set(name, known);
      return known;
    },
    release: (): void => compiled.forEach((program) => void program.then((own) => own.release?.())),
  };
}

/** Decoding on a device whose state holds the decoder's parameters and, before each text, `memory.BRANCH`. */
export async function createStepper(device: Device, state: DeviceState, options: DecodingOptions): Promise<Stepper> {
  const { decoder, maxTokens } = options;
  const { depth, width, heads, vocabularySize } = decoder.config;
  const { get, release } = programs(device, {
    start: () => startGraph(options),
    rearrange: () => rearrangeGraph(options),
    branching: () => stepGraph(options),
    straight: () => stepGraph(options, { branching: false }),
  });
  await Promise.all([get('start'), get('straight')]);
  let [texts, rows, capacity] = [1, 0, 0];

  function emptyCache(): void {
    const empty = { data: new Float32Array(rows * capacity * width), shape: [rows, heads, capacity, width / heads] };
    const names = Array.from({ length: depth }, (_, i) => [`cache.${i}.keys`, `cache.${i}.values`]).flat();
    state.write(Object.fromEntries(names.map((name) => [name, empty])));
  }

  /** Leaves out the studies that no row continues, and makes room for a token at `position`. */
  async function rearrange(parents: Numbers, position: number): Promise<void> {
    if (position >= capacity) capacity = Math.min(maxTokens, capacity * 2);
    rows = parents.length;
    const studies = upTo(rows / texts).map((study) => Math.floor(parents[study * texts]! / texts));
    await (await get('rearrange')).run({ studies: i32(studies), parents: i32(parents), slots: i32(upTo(capacity)) }, state);
  }

  return {
    vocabulary: vocabularySize,
    maxTokens,
    async start(studies, perStudy) {
      [texts, rows, capacity] = [perStudy, studies * perStudy, Math.min(maxTokens, firstCapacity)];
      await (await get('start')).run({}, state);
      emptyCache();
    },
    async step(ids, parents, position) {
      const moves = parents.length < rows || position >= capacity;
      if (moves) await rearrange(parents, position);
      const data = { ids: i32(ids, rows / texts, texts), position: i32(Int32Array.of(position)) };
      const straight = moves || parents.every((parent, row) => parent === row);
      const { logits } = await (straight ? (await get('straight')).run(data, state) : (await get('branching')).run({ ...data, parents: i32(parents) }, state));
      return logits!.data as Float32Array;
    },
    release,
  };
}
