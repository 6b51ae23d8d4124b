// The worker that runs the model: it fetches the checkpoint from the page's own origin, and answers one request after another.
import { decodeBaseline, orientationOf } from '@hybridmed/data/browser';
import { plainDevice } from '@hybridmed/gpujs';
import type { Device, DeviceState, HostArray, HostArrays } from '@hybridmed/tensor';
import { DeviceLostError } from '@hybridmed/tensor';
import { browserWebgpuDevice } from '@hybridmed/webgpu';
import type { Branch, Generator } from 'hybridmed';
import { createGenerator } from 'hybridmed';
import type { Checkpoint, Explainer, ImageMaps, ImageScorer, MapKind } from 'hybridmed/radiograph';
import {
  createExplainer,
  createImageScorer,
  heatLayer,
  overImage,
  parseCheckpoint,
  prepareRadiograph,
  prepareTexts,
  shippedPrompts,
} from 'hybridmed/radiograph';
import { fetchFile } from './fetch.ts';
import type { Heat, Reply, Request, Task, Tasks } from './messages.ts';
import type { Radiograph } from './radiograph.ts';

const send = (reply: Reply): void => self.postMessage(reply);
const progress = (text: string, fraction?: number): void => send({ kind: 'progress', text, ...(fraction === undefined ? {} : { fraction }) });

/** The browser's GPU, else the CPU. */
async function openDevice(): Promise<{ device: Device; name: string }> {
  try {
    const onCompile = (done: number, total: number) => progress(`Compiling shaders: ${done} of ${total}`, done / Math.max(1, total));
    const device = await browserWebgpuDevice({ events: { onCompile } });
    return { device, name: `WebGPU (${device.info.name}${device.info.software ? ', in software' : ''})` };
  } catch {
    return { device: plainDevice(), name: 'the CPU, as this browser has no WebGPU; heat maps take minutes' };
  }
}

/** A checkpoint on a device, with what was compiled for it. */
interface LoadedModel {
  readonly checkpoint: Checkpoint;
  readonly device: Device;
  readonly state: DeviceState;
  readonly generators: Partial<Record<Branch, Generator>>;
  scorer?: ImageScorer;
  explainer?: Explainer;
}
let loaded: LoadedModel | undefined;
let current: { readonly radiograph: Radiograph; readonly image: HostArray } | undefined;

function loadedModel(): LoadedModel {
  if (!loaded) throw new Error('the model is not loaded; reload the page');
  return loaded;
}
function currentImage(): NonNullable<typeof current> {
  if (!current) throw new Error('there is no radiograph; choose one');
  return current;
}

/** Generates an impression with a branch, as `hybridmed generate` does. */
async function generate(branch: Branch, inputs: HostArrays): Promise<string> {
  const { checkpoint, device, state, generators } = loadedModel();
  const { model, config, tokenizer } = checkpoint;
  const maxTokens = Math.min(config.input.impressionLength, model.decoder.config.positions);
  generators[branch] ??= await createGenerator(device, state, model, branch, { maxTokens });
  const [text] = await generators[branch].generate(inputs);
  return tokenizer.decode([...text!.ids]);
}

/** The kinds of map that the page shows. */
const kindsOf = ({ model }: Checkpoint): MapKind[] => (model.vision.partial ? ['guided', 'removal', 'gradient'] : ['gradient']);

const tasks: { [T in Task]: (ask: Tasks[T]['ask']) => Promise<Tasks[T]['answer']> } = {
  async load({ folder }) {
    const { device, name } = await openDevice();
    const file = (path: string) => fetchFile(`${folder}${path}`, progress);
    const bytes = {
      'config.json': await file('config.json'),
      'tokenizer.json': await file('tokenizer.json'),
      'model.safetensors': await file('model.safetensors'),
    };
    const checkpoint = parseCheckpoint('checkpoint', bytes);
    loaded = { checkpoint, device, state: device.createState(checkpoint.parameters), generators: {} };
    return { device: name, kinds: kindsOf(checkpoint) };
  },

  async impression({ radiograph }) {
    const { model, config } = loadedModel().checkpoint;
    const { resize } = config.input;
    const reduced = radiograph.jpeg && decodeBaseline(radiograph.jpeg, resize);
    const pixels = radiograph.jpeg && reduced ? { ...reduced, orientation: orientationOf(radiograph.jpeg) } : radiograph.grey;
    current = { radiograph, image: prepareRadiograph({ ...model.vision.image, resize }, pixels) };
    progress('Generating the impression');
    return generate('image', { image: current.image });
  },

  async scores({ prompts }) {
    const model = loadedModel();
    const { image } = currentImage();
    progress('Scoring the findings');
    model.scorer ??= await createImageScorer(model.device, model.state, model.checkpoint);
    return model.scorer.scores(image, shippedPrompts[prompts] ?? {});
  },

  async maps({ text, against }) {
    const model = loadedModel();
    const { radiograph, image } = currentImage();
    const { checkpoint, device, state } = model;
    progress('Computing the heat maps');
    model.explainer ??= await createExplainer(device, state, { folder: 'checkpoint', ...checkpoint }, { kinds: kindsOf(checkpoint) });
    const maps = await model.explainer.maps(image, text, against);
    return model.explainer.kinds.map((kind) => heatOf(kind, maps, radiograph, checkpoint));
  },

  async summary({ findings }) {
    const { config, tokenizer } = loadedModel().checkpoint;
    progress('Summarizing the findings');
    const { ids, mask } = prepareTexts(tokenizer, [findings], config.input.findingsLength);
    return generate('findings', { findings: ids, findings_mask: mask });
  },
};

function heatOf(kind: MapKind, maps: ImageMaps, { grey }: Radiograph, { config, model }: Checkpoint): Heat {
  const map = overImage(maps[kind as 'guided' | 'removal' | 'gradient']!, grey, config.input, model.vision.image.size);
  let best = -1;
  map.values.forEach((value, i) => {
    if (value > (map.values[best] ?? 0)) best = i;
  });
  const warmest = { x: ((best % map.width) + 0.5) / map.width, y: (Math.floor(best / map.width) + 0.5) / map.height };
  return {
    kind,
    ...(best < 0 ? {} : { warmest }),
    pixels: heatLayer(map).pixels,
    inView: Uint8Array.from(map.values, (value) => (Number.isNaN(value) ? 0 : 1)),
  };
}

async function answer({ id, task, ask }: Request): Promise<void> {
  try {
    send({ kind: 'answer', id, answer: await (tasks[task] as (ask: unknown) => Promise<Tasks[Task]['answer']>)(ask) });
  } catch (error) {
    const message = (error as Error).message.split('\n')[0]!;
    send({ kind: 'error', id, message, lost: error instanceof DeviceLostError });
  }
}

// The branches share a state: one request at a time.
let lastRequest: Promise<void> = Promise.resolve();
self.addEventListener('message', ({ data }: MessageEvent<Request>) => {
  lastRequest = lastRequest.then(() => answer(data));
});
