// A compiled graph on the CPU: one ONNX Runtime session for any lengths, and the host's tail.
import type { Bindings, Graph, HostArray, HostArrays, Program, Tensor } from '@hybridmed/tensor';
import { bindInputs, bindShape, decompose, DeviceError, graphNodes, mergeEqualNodes } from '@hybridmed/tensor';
import type { InferenceSession } from 'onnxruntime-node';
import { InferenceSession as Session, Tensor as OrtTensor } from 'onnxruntime-node';
import { lower } from '../lower/lower.ts';
import { adamWInPlace, scatterAddInPlace } from './adamw.ts';
import type { CpuState } from './state.ts';
import { bindTensor } from './state.ts';
import type { AdamWTail } from './tail.ts';
import { findTail } from './tail.ts';

const oneLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0]!;

/** Values the session has to give for the tail, by output name. */
function tailOutputs(tail: AdamWTail | undefined): Record<string, Tensor> {
  const outputs: Record<string, Tensor> = {};
  tail?.gradients.forEach((terms, i) => terms.forEach(({ value }, j) => (outputs[`term.${i}.${j}`] = value)));
  return outputs;
}

interface Plan {
  readonly session: Session | undefined;
  readonly inputs: readonly string[];
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly tail: AdamWTail | undefined;
}

async function plan(graph: Graph, options: InferenceSession.SessionOptions): Promise<Plan> {
  const whole = mergeEqualNodes(decompose(graph, () => true));
  const tail = findTail(whole, graphNodes(whole));
  const lowered = tail ? whole : mergeEqualNodes(decompose(graph, (op) => op !== 'adamW'));
  const ownOutputs = (values: Readonly<Record<string, Tensor>>, prefix: string) =>
    Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value.node === tail?.node ? [] : [[prefix + name, value]])));
  const outputs = { ...ownOutputs(lowered.results, 'result.'), ...ownOutputs(lowered.updates, 'update.'), ...tailOutputs(tail) };
  const cut: Graph = { ...lowered, results: outputs, updates: {} };
  const nodes = graphNodes(cut);
  if (nodes.length === 0) return { session: undefined, inputs: [], outputs, tail };
  const model = lower(nodes, { ...graph.data, ...graph.state }, outputs);
  const session = await Session.create(model.bytes, options);
  return { session, inputs: model.inputs, outputs, tail };
}

/** Buffers for outputs, kept from run to run: gradients are large, and read before the next run. */
class OutputBuffers {
  readonly #buffers = new Map<string, OrtTensor>();

  get(name: string, shape: readonly number[]): OrtTensor {
    const known = this.#buffers.get(name);
    if (known && known.dims.length === shape.length && known.dims.every((dim, axis) => dim === shape[axis])) return known;
    const made = new OrtTensor('float32', new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
    this.#buffers.set(name, made);
    return made;
  }
}

function hostArray({ data, dims }: OrtTensor): HostArray {
  return { data: data as Float32Array | Int32Array, shape: [...dims] };
}

/** Compiles a graph for the CPU. Throws a DeviceError when ONNX Runtime refuses it. */
export async function compileProgram(graph: Graph, options: InferenceSession.SessionOptions): Promise<Program> {
  const compiled = await plan(graph, options).catch((error: unknown) => Promise.reject(new DeviceError('cpu', `ONNX Runtime refused the graph: ${oneLine(error)}`)));
  const { session, inputs, outputs, tail } = compiled;
  const buffers = new OutputBuffers();

  async function runSession(data: HostArrays, state: CpuState | undefined, bindings: Bindings): Promise<Readonly<Record<string, OrtTensor>>> {
    if (!session) return {};
    const feeds = Object.fromEntries(inputs.map((name) => [name, graph.data[name] ? bindTensor(data[name]!) : state!.get(name)!.tensor]));
    const fetches = Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, name.startsWith('term.') ? buffers.get(name, bindShape(value.shape, bindings)) : null]));
    try {
      return (await session.run(feeds, fetches)) as Record<string, OrtTensor>;
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
      const values = await runSession(data, state, bindings);
      const results: Record<string, HostArray> = {};
      for (const name of Object.keys(graph.results)) if (values[`result.${name}`]) results[name] = hostArray(values[`result.${name}`]!);
      for (const name of Object.keys(graph.updates)) if (values[`update.${name}`]) state!.put(name, hostArray(values[`update.${name}`]!));
      if (tail) {
        const norm = runTail(tail, data, state!, values);
        if (tail.norm !== undefined) results[tail.norm] = { data: Float32Array.of(norm), shape: [] };
      }
      return results;
    },
    release() {
      void session?.release();
    },
  };
}

function runTail(tail: AdamWTail, data: HostArrays, state: CpuState, values: Readonly<Record<string, OrtTensor>>): number {
  const floats = (name: string) => state.get(name)!.array.data as Float32Array;
  const arrays = tail.parameters.map((name, i) => {
    const { shape } = state.get(name)!.array;
    return { parameter: floats(name), gradient: sumTerms(tail, i, data, values, shape), first: floats(tail.firstMoments[i]!), second: floats(tail.secondMoments[i]!) };
  });
  return adamWInPlace(arrays, data[tail.learningRate]!.data[0]!, data[tail.step]!.data[0]!, tail.node.attributes);
}

/** A parameter's gradient: the session's value, with rows scattered into it. */
function sumTerms(tail: AdamWTail, index: number, data: HostArrays, values: Readonly<Record<string, OrtTensor>>, shape: readonly number[]): Float32Array {
  const terms = tail.gradients[index]!;
  const term = (j: number) => values[`term.${index}.${j}`]!.data as Float32Array;
  const dense = terms.findIndex(({ ids }) => ids === undefined);
  const total = dense >= 0 ? term(dense) : new Float32Array(shape.reduce((a, b) => a * b, 1));
  terms.forEach(({ ids }, j) => {
    if (ids !== undefined) scatterAddInPlace(total, term(j), data[ids]!.data as Int32Array, shape[0]!);
    else if (j !== dense) for (const [i, value] of term(j).entries()) total[i]! += value;
  });
  return total;
}
