// What the GPU's plans of a model's graphs take, by preset, graph and adapter: planned, never run.
import { answer, load } from './module.mjs';

const {
  accumulateGraph,
  applyGraph,
  contrastGraph,
  createModel,
  defaultWeights,
  gradientGraph,
  presetModel,
  projectionGraph,
  stepGraph,
  teacherGraph,
  validationGraph,
} = await load('hybridmed');
const { requestDevice, webgpuDevice } = await load('@hybridmed/webgpu');
const { requestNodeAdapter } = await load('@hybridmed/webgpu/node');
const { create } = await load('webgpu', 'node_modules/@hybridmed/webgpu/package.json');

// Dawn's null backend runs nothing and plans as a GPU does; what `create()` gives must outlive all that comes of it.
const kept = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
const { adapter, info } = await requestNodeAdapter({ driver: 'swiftshader' });
const devices = [
  ['SwiftShader', webgpuDevice(await requestDevice(adapter), info)],
  ['null', webgpuDevice(await requestDevice(await kept.requestAdapter()), { name: 'null' })],
];

const sizes = { B: 16, L: 128, F: 128, I: 48, T: 47 };
const stage1 = { stage: 1 };
const stage2 = { stage: 2, teacher: 'snapshot', weights: defaultWeights, temperature: 1, tau: 0.1, duplicates: 'negatives' };

/** Graphs of a model, by name. Before the plan told them, some were told the width of the common space and how equal impressions count. */
const graphsOf = (model, width) => ({
  'stage 1': () => stepGraph(model, stage1),
  'stage 2': () => stepGraph(model, stage2),
  'stage 2, cached teacher': () => stepGraph(model, { ...stage2, teacher: 'cached' }),
  'stage 2, live teacher, equal impressions as positives': () => stepGraph(model, { ...stage2, teacher: 'live', duplicates: 'positives' }),
  'stage 2, remat': () => stepGraph(model, { ...stage2, remat: true }),
  gradients: () => gradientGraph(model, stage2),
  accumulated: () => accumulateGraph(model, stage2, width),
  applied: () => applyGraph(model, stage2),
  projections: () => projectionGraph(model, stage2),
  contrast: () => (contrastGraph.length === 2 ? contrastGraph(model, { ...stage2, duplicates: 'positives' }) : contrastGraph(model, width, 'positives')),
  validation: () => validationGraph(model, stage2),
  teacher: () => teacherGraph(model),
});

const plans = {};
for (const [preset, vocabulary] of [
  ['tiny', 377],
  ['small', 4096],
]) {
  const config = presetModel(preset, vocabulary, { pad: 0, unk: 1, cls: 2, sep: 3 });
  const model = createModel(config);
  for (const [name, build] of Object.entries(graphsOf(model, config.align))) {
    const graph = build();
    const symbols = new Set(Object.values(graph.data).flatMap(({ shape }) => shape.filter((dim) => typeof dim === 'string')));
    for (const [kind, device] of devices) {
      const program = await device.compile(graph);
      plans[`${preset}, ${name}, ${kind}`] = program.summary(Object.fromEntries([...symbols].map((symbol) => [symbol, sizes[symbol] ?? 48])));
      program.release();
    }
  }
}
answer(plans);
for (const [, device] of devices) await device.close();
// Dawn's instances end with the process.
if (kept) process.exit(0);
