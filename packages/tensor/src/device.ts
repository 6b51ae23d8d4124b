// The contract between a traced graph and whatever runs it. A device compiles graphs to programs and holds named state.
import type { HostArrays } from './array.ts';
import { dtypeOf } from './array.ts';
import type { Bindings } from './dim.ts';
import { bindShape, dimSymbols, formatShape } from './dim.ts';
import { DeviceError } from './errors.ts';
import type { ExchangeChange, ExchangeOptions } from './exchange.ts';
import type { Graph } from './graph.ts';
import type { Tensor } from './node.ts';

/** What a device can compute in. */
export const precisions = ['f32', 'mixed'] as const;

/**
 * `f32`, or `mixed`: activations stored as 16-bit floats, products of layers from such operands, everything else f32. A training step
 * on a mixed device needs a loss scale.
 */
export type Precision = (typeof precisions)[number];

/** What a device is, for people and for logs. */
export interface DeviceInfo {
  /** `cpu`, `webgpu`, `gpujs` or `plain`. */
  readonly kind: string;
  /** The engine and adapter, as they name themselves. */
  readonly name: string;
  /** True for a WebGPU adapter that runs on the processor. */
  readonly software: boolean;
  /** What it computes in; `f32` where it is left out. */
  readonly precision?: Precision;
}

/** Named arrays that live on a device between runs: parameters, moments, caches. */
export interface DeviceState {
  /** Names of the entries. */
  names(): string[];
  /** Copies host arrays in, adding or replacing entries. The caller keeps its arrays. */
  write(arrays: HostArrays): void;
  /** Copies entries out (all by default). Throws a DeviceError naming an entry that is not there. */
  read(names?: readonly string[]): Promise<Record<string, HostArrays[string]>>;
  /**
   * Lets a caller change f32 entries in place: their numbers, one entry after another in the order of `names`, come in blocks of at most
   * `chunkBytes`, the same blocks on every device. `change` gets one block after another and must not wait for anything of the device.
   * Allocates no arrays once the same names were exchanged before. Throws a DeviceError naming an entry that is missing or holds integers;
   * where `change` fails, entries may be changed in part.
   */
  exchange(names: readonly string[], change: ExchangeChange, options?: ExchangeOptions): Promise<void>;
  /** Drops entries (all by default) and frees what they held. */
  drop(names?: readonly string[]): void;
}

/** A compiled graph. */
export interface Program {
  /** The graph it runs. */
  readonly graph: Graph;
  /**
   * Runs once: reads `data` and the state's entries, writes the graph's updates to the state, returns its results.
   * Symbols are bound by the inputs' shapes. Throws a DeviceError for a missing input, a wrong shape or a failed run.
   */
  run(data: HostArrays, state?: DeviceState): Promise<Record<string, HostArrays[string]>>;
  /** Frees what the program holds. */
  release?(): void;
}

/** What a device has chosen by measuring. Saved with a run and given back before anything is compiled, it keeps the run's bits. */
export interface DeviceChoices {
  /** Choices that programs met so far, as plain JSON; undefined where there were none. */
  read(): object | undefined;
  /** Takes what was read earlier, in place of measuring. What this device does not know is left, with a line to whoever listens. */
  restore(saved: unknown): void;
}

/** Something that runs graphs. */
export interface Device {
  readonly info: DeviceInfo;
  /** Where the device chooses by measuring. */
  readonly choices?: DeviceChoices;
  /** Compiles a graph; symbols may stay open until `run`. */
  compile(graph: Graph): Promise<Program>;
  /** A new, empty state (or one that starts with arrays). */
  createState(initial?: HostArrays): DeviceState;
  /** Frees the device. */
  close(): Promise<void>;
}

/**
 * Works out the graph's symbols from the shapes of the arrays it was given, and checks every input's dtype and shape.
 * `shapes` gives the shapes of state entries. Throws a DeviceError that names the input, what it has and what it needs.
 */
export function bindInputs(device: string, graph: Graph, data: HostArrays, shapes: Readonly<Record<string, readonly number[]>> = {}): Bindings {
  const bindings: Record<string, number> = {};
  const checks: { name: string; tensor: Tensor; shape: readonly number[] }[] = [];
  for (const [name, tensor] of Object.entries(graph.data)) {
    const array = data[name];
    if (!array) throw new DeviceError(device, `input "${name}" is missing; give ${tensor.dtype}${formatShape(tensor.shape)}`);
    if (dtypeOf(array) !== tensor.dtype) throw new DeviceError(device, `input "${name}" must be ${tensor.dtype}, not ${dtypeOf(array)}`);
    checks.push({ name, tensor, shape: array.shape });
  }
  for (const [name, tensor] of Object.entries(graph.state)) {
    const shape = shapes[name];
    if (!shape) throw new DeviceError(device, `state entry "${name}" is missing; write it before running`);
    checks.push({ name, tensor, shape });
  }
  for (const { tensor, shape } of checks) {
    tensor.shape.forEach((dim, axis) => {
      if (typeof dim === 'string' && dimSymbols(dim).length === 1 && dimSymbols(dim)[0] === dim) bindings[dim] ??= shape[axis] ?? 0;
    });
  }
  for (const { name, tensor, shape } of checks) {
    const expected = bindShape(tensor.shape, bindings);
    if (shape.length !== expected.length || expected.some((dim, axis) => dim !== shape[axis])) {
      const known = Object.entries(bindings)
        .map(([symbol, value]) => `${symbol}=${value}`)
        .join(', ');
      throw new DeviceError(device, `input "${name}" has shape ${formatShape(shape)}, needs ${formatShape(tensor.shape)}${known ? ` with ${known}` : ''}`);
    }
  }
  return bindings;
}
