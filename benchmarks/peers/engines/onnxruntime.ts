// ONNX Runtime's WebGPU provider: each kernel as a graph of its operators over constants in GPU memory. It has no gradients.
import type { Numbers } from '@hybridmed/kernels';
import type { NodeAdapterOptions } from '@hybridmed/webgpu/node';
import { requestNodeAdapter } from '@hybridmed/webgpu/node';
import type { Engine, PreparedTask } from '../task.ts';
import { NotOffered, lookUp } from '../task.ts';
import type { OnnxConstant, OnnxNode } from './onnx-model.ts';
import { onnxModel, wholes } from './onnx-model.ts';
import type { OrtGraph } from './onnxruntime-table.ts';
import { ortTable } from './onnxruntime-table.ts';

interface Session {
  run(feeds: Record<string, never>): Promise<Record<string, { data: Numbers | BigInt64Array }>>;
  release(): Promise<void>;
}
interface Ort {
  InferenceSession: { create(model: Uint8Array, options: object): Promise<Session> };
}

/** Maximum number of copies of an operation in one graph, and maximum bytes of their results in total. */
const [maxCopies, maxBytes] = [64, 2 ** 28];

/** Constants stay as they are, equal nodes are not merged, and nothing falls back to the CPU silently. */
const sessionOptions = {
  executionProviders: ['webgpu'],
  graphOptimizationLevel: 'disabled',
  logSeverityLevel: 3,
  extra: { session: { disable_cpu_ep_fallback: '1' } },
};

/** The graph repeated; one element of each result is an output, so that the host reads back a few bytes and no result is optimized away. */
function repeated({ nodes, constants, outputs }: OrtGraph, copies: number): Uint8Array {
  const all: OnnxNode[] = [];
  const extra: Record<string, OnnxConstant> = { one: wholes(1) };
  const ends: string[] = [];
  for (let copy = 0; copy < copies; copy++) {
    const own = (name: string) => (name === '' || name in constants ? name : `${name}_${copy}`);
    for (const node of nodes) all.push({ ...node, inputs: node.inputs.map(own), outputs: node.outputs.map(own) });
    const [name, { type, rank }] = Object.entries(outputs)[0]!;
    extra[`starts${rank}`] = wholes(...Array.from({ length: rank }, () => 0));
    extra[`ends${rank}`] = wholes(...Array.from({ length: rank }, () => 1));
    const end = `end_${copy}`;
    all.push({ op: 'Slice', inputs: [own(name), `starts${rank}`, `ends${rank}`], outputs: [`${end}_cut`] });
    all.push({ op: 'Reshape', inputs: [`${end}_cut`, 'one'], outputs: [`${end}_flat`] });
    if (type !== 1) all.push({ op: 'Cast', inputs: [`${end}_flat`], outputs: [end], attributes: { integers: { to: 1 } } });
    ends.push(type === 1 ? `${end}_flat` : end);
  }
  all.push({ op: 'Concat', inputs: ends, outputs: ['ends'], attributes: { integers: { axis: 0 } } });
  return onnxModel(all, { ...constants, ...extra }, { ends: 1 });
}

/** Opens the engine: the environment leads its own search for adapters to the selected one. */
export async function onnxRuntimeEngine(options: NodeAdapterOptions): Promise<Engine> {
  await requestNodeAdapter(options);
  const library = 'onnxruntime-node';
  const loaded = (await import(library)) as Ort & { default?: Ort };
  const ort = loaded.InferenceSession ? loaded : loaded.default!;
  const open = (model: Uint8Array) =>
    ort.InferenceSession.create(model, sessionOptions).catch((error: unknown) => {
      throw new NotOffered(`the WebGPU provider refuses it: ${(error as Error).message.split('\n')[0]!.slice(0, 160)}`);
    });
  return {
    name: 'onnxruntime',
    async prepare(task): Promise<PreparedTask> {
      if (task.kernel === 'vit-step') throw new NotOffered('has no training in this package');
      const graph = lookUp(ortTable, task);
      const sessions = new Map<number, Promise<Session>>();
      const copyLimit = Math.max(1, Math.min(maxCopies, Math.floor(maxBytes / graph.bytes)));
      const whole = await open(
        onnxModel(graph.nodes, graph.constants, Object.fromEntries(Object.entries(graph.outputs).map(([name, { type }]) => [name, type]))),
      );
      return {
        async run() {
          const results = await whole.run({});
          return Object.keys(graph.outputs).map((name) => {
            const { data } = results[name]!;
            return data instanceof BigInt64Array ? Int32Array.from(data, Number) : data;
          });
        },
        async time(times) {
          const copies = Math.min(times, copyLimit);
          let session = sessions.get(copies);
          if (!session) {
            session = open(repeated(graph, copies));
            sessions.set(copies, session);
            await (await session).run({});
          }
          const ready = await session;
          const runs = Math.ceil(times / copies);
          const start = performance.now();
          for (let i = 0; i < runs; i++) await ready.run({});
          return ((performance.now() - start) * times) / (runs * copies);
        },
        release() {
          // A session that was refused has been reported, and has nothing to release.
          for (const session of [Promise.resolve(whole), ...sessions.values()])
            session.then(
              (each) => each.release(),
              () => undefined,
            );
        },
      };
    },
  };
}
