// Counter-based random numbers: every draw is a pure function of an explicit key, a stream and an index, on the host and in graphs alike.
import type { HostArray } from './array.ts';
import type { Shape } from './dim.ts';
import type { Tensor } from './node.ts';
import { random } from './ops/sources.ts';

/** MurmurHash3's 32-bit finalizer (Austin Appleby, public domain): a bijection that mixes all bits. */
export function mix32(h: number): number {
  let x = h >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** The uniform number in [0, 1) the `random` op draws for a key, a stream and an index. */
export function uniformAt(key: readonly [number, number], stream: number, index: number): number {
  const first = mix32((index ^ key[0]) >>> 0);
  const second = mix32(((first + Math.imul(stream, 0x9e3779b9)) ^ key[1]) >>> 0);
  return (second >>> 8) * 2 ** -24;
}

/** The key (i32 [2]) for a seed and a counter such as the step: data of a run, never part of a graph. */
export function keyData(seed: number, counter = 0): HostArray {
  return { data: Int32Array.of(mix32(seed ^ 0x5bd1e995) | 0, mix32(mix32(counter) ^ seed) | 0), shape: [2] };
}

/** A random key inside a graph: the key's data and a stream that no other site uses. */
export interface Key {
  readonly data: Tensor;
  readonly stream: number;
}

/** A new key for the site called `name` (a layer's path, or its number) under `key`. */
export function foldIn(key: Key, name: string | number): Key {
  let stream = mix32(key.stream + 0x632be5ab);
  for (const char of String(name)) stream = mix32(stream ^ char.codePointAt(0)!);
  return { data: key.data, stream: stream >>> 1 };
}

/** Uniform f32 in [0, 1) over a shape, from a key. */
export const uniform = (key: Key, shape: Shape): Tensor => random(key.data, shape, key.stream);
