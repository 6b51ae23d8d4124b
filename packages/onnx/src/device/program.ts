// A compiled graph on the CPU: one ONNX Runtime session for any lengths, and the host's optimizer.
import type { Bindings, Graph, HostArray, HostArrays, Program, Tensor } from '@hybridmed/tensor';
import { bindInputs, bindShape, decompose, DeviceError, graphNodes, sizeOf } from '@hybridmed/tensor';
import type { InferenceSession } from 'onnxruntime-node';
import { InferenceSession as Session, Tensor as OrtTensor } from '../session/runtime.ts';
import { lower } from '../model/lower.ts';
import { rules } from '../rules/table.ts';
import { adamWInPlace, addInPlace, scatterAddInPlace } from './adamw.ts';
import { discard } from './discard.ts';
import { bindTensor } from './bound-array.ts';
import type { Slot } from './slots.ts';
import type { CpuState } from './state.ts';
import type { HostOptimizer, GradientTerm } from './host-optimizer.ts';
import { findHostOptimizer } from './host-optimizer.ts';

const oneLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0]!;

const termPrefix = 'term.';
const termName = (parameter: number, index: number): string => `${termPrefix}${parameter}.${index}`;

/** Values the session has to give for the optimizer, by output name. */
function optimizerOutputs(optimizer: HostOptimizer | undefined): Record<string, Tensor> {
  const outputs: Record<string, Tensor> = {};
  optimizer?.gradients.forEach((terms, i) => terms.forEach(({ value }, j) => (outputs[termName(i, j)] = value)));
  return outputs;
}

interface Plan {
  readonly session: Session | undefined;
  readonly inputs: readonly string[];
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly optimizer: HostOptimizer | undefined;
}

async function plan(graph: Graph, options: InferenceSession.SessionOptions): Promise<Plan> {
  const whole = decompose(graph, (op) => op === 'adamW' || op in rules);
  const optimizer = findHostOptimizer(whole, graphNodes(whole));
  const lowered = optimizer ? whole : decompose(graph, (op) => op in rules);
  const ownOutputs = (values: Readonly<Record<string, Tensor>>, prefix: string) =>
    Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value.node === optimizer?.node ? [] : [[prefix + name, value]])));
  const outputs = { ...ownOutputs(lowered.results, 'result.'), ...ownOutputs(lowered.updates, 'update.'), ...optimizerOutputs(optimizer) };
  const cut: Graph = { ...lowered, results: outputs, updates: {} };
  const nodes = graphNodes(cut);
  if (nodes.length === 0) return { session: undefined, inputs: [], outputs, optimizer };
  const model = lower(nodes, { ...graph.data, ...graph.state }, outputs);
  // Recomputing pays only where gradients follow soon. Otherwise gradients that wait as sums take more than activations in small batches of large models.
  const endsAsTraced = nodes.some(({ recomputed }) => recomputed);
  const session = await Session.create(model.build({ endsAsTraced }).model, options);
  return { session, inputs: model.inputs, outputs, optimizer };
}

/** Buffers for scattered rows and further summands of gradients, kept from run to run: they are read before the next one. */
class TermBuffers {
  readonly #buffers = new Map<string, OrtTensor>();

  get(name: string, shape: readonly number[]): OrtTensor {
    const known = this.#buffers.get(name);
    if (known && known.dims.length === shape.length && known.dims.every((dim, axis) => dim === shape[axis])) return known;
    const buffer = new OrtTensor('float32', new Float32Array(sizeOf(shape)), shape);
    this.#buffers.set(name, buffer);
    return buffer;
  }
}

function hostArray({ data, dims }: OrtTensor): HostArray {
  return { data: data as Float32Array | Int32Array, shape: [...dims] };
}

const bufferOf = ({ data }: OrtTensor): ArrayBuffer => (data as Float32Array<ArrayBuffer>).buffer;

/** Index of the summand that the session writes to the gradient's own place; -1 where all are scattered rows. */
const denseTerm = (terms: readonly GradientTerm[]): number => terms.findIndex(({ ids }) => ids === undefined);

/** Compiles a graph for the CPU. Throws a DeviceError when ONNX Runtime refuses it. */
export async function compileProgram(graph: Graph, options: InferenceSession.SessionOptions): Promise<Program> {
  const compiled = await plan(graph, options).catch((error: unknown) =>
    Promise.reject(new DeviceError('cpu', `ONNX Runtime refused the graph: ${oneLine(error)}`)),
  );
  const { session, inputs, outputs, optimizer } = compiled;
  const buffers = new TermBuffers();

  /** Where the session writes the gradients' summands: one of each straight to the gradient's place. */
  function termTensors({ gradients }: HostOptimizer, slots: readonly Slot[], bindings: Bindings): Record<string, OrtTensor> {
    const tensor = (i: number, j: number, dense: boolean, value: Tensor) =>
      dense ? slots[i]!.gradient.tensor : buffers.get(termName(i, j), bindShape(value.shape, bindings));
    return Object.fromEntries(gradients.flatMap((terms, i) => terms.map(({ value }, j) => [termName(i, j), tensor(i, j, j === denseTerm(terms), value)])));
  }

  async function runSession(
    data: HostArrays,
    state: CpuState | undefined,
    terms: Readonly<Record<string, OrtTensor>>,
  ): Promise<Readonly<Record<string, OrtTensor>>> {
    if (!session) return {};
    const feeds = Object.fromEntries(inputs.map((name) => [name, graph.data[name] ? bindTensor(data[name]!) : state!.get(name)!.tensor]));
    const read = Object.keys(outputs).filter((name) => !(name in terms));
    try {
      const values = (await session.run(feeds, { ...Object.fromEntries(read.map((name) => [name, null])), ...terms })) as Record<string, OrtTensor>;
      discard(Object.entries(terms).flatMap(([name, own]) => (bufferOf(values[name]!) === bufferOf(own) ? [] : [bufferOf(values[name]!)])));
      return values;
    } catch (error) {
      throw new DeviceError('cpu', `the run failed: ${oneLine(error)}`);
    }
  }

  return {
    graph,
    async run(data, given) {
      const state = given as CpuState | undefined;
      const shapes = Object.fromEntries(Object.keys(graph.state).flatMap((name) => (state?.get(name) ? [[name, state.get(name)!.array.shape]] : [])));
      const bindings = bindInputs('cpu', graph, data, shapes);
      if (Object.keys(graph.updates).length > 0 && !state) throw new DeviceError('cpu', 'the graph updates state; give a state to run with');
      const slots = optimizer
        ? state!.slots(optimizer.parameters.map((parameter, i) => ({ parameter, first: optimizer.firstMoments[i]!, second: optimizer.secondMoments[i]! })))
        : [];
      const terms = optimizer ? termTensors(optimizer, slots, bindings) : {};
      const values = await runSession(data, state, terms);
      const results: Record<string, HostArray> = {};
      for (const name of Object.keys(graph.results)) if (values[`result.${name}`]) results[name] = hostArray(values[`result.${name}`]!);
      state?.replace(
        Object.fromEntries(Object.keys(graph.updates).flatMap((name) => (values[`update.${name}`] ? [[name, hostArray(values[`update.${name}`]!)]] : []))),
      );
      if (optimizer) {
        slots.forEach((slot, i) => sumTerms(slot, optimizer.gradients[i]!, (j) => terms[termName(i, j)]!.data as Float32Array, data));
        const norm = adamWInPlace(slots, data[optimizer.learningRate]!.data[0]!, data[optimizer.step]!.data[0]!, optimizer.node.attributes);
        if (optimizer.norm !== undefined) results[optimizer.norm] = { data: Float32Array.of(norm), shape: [] };
      }
      return results;
    },
    release() {
      void session?.release();
    },
  };
}

/** Completes a parameter's gradient in its place: the session wrote one summand there; others are added, rows scattered. */
function sumTerms(slot: Slot, terms: readonly GradientTerm[], term: (index: number) => Float32Array, data: HostArrays): void {
  const { data: numbers, shape } = slot.gradient.array;
  const total = numbers as Float32Array;
  const dense = denseTerm(terms);
  if (dense < 0) total.fill(0);
  terms.forEach(({ ids }, j) => {
    if (ids !== undefined) scatterAddInPlace(total, term(j), data[ids]!.data as Int32Array, shape[0]!);
    else if (j !== dense) addInPlace(total, term(j));
  });
}
