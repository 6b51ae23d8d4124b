// The worker that runs the model: it fetches the checkpoint from the page's own origin, and answers one request after another.
import { decodeBaseline, orientationOf } from '@hybridmed/data/browser';
import { plainDevice } from '@hybridmed/gpujs';
import type { Device, HostArray } from '@hybridmed/tensor';
import { DeviceLostError } from '@hybridmed/tensor';
import { browserWebgpuDevice } from '@hybridmed/webgpu';
import type { BranchInput, ModelSession } from 'hybridmed';
import { openSession } from 'hybridmed';
import type { Explainer, ImageMaps, ImageScorer, MapKind, RatioImpression, RatioWriter } from 'hybridmed/radiograph';
import {
  createExplainer,
  createImageScorer,
  createRatioWriter,
  heatLayer,
  overImage,
  parseCheckpoint,
  possibleKinds,
  prepareRadiograph,
  shippedPrompts,
} from 'hybridmed/radiograph';
import { fetchFile } from './fetch.ts';
import type { Heat, Impression, Reply, Request, Task, Tasks } from './messages.ts';
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

/** A model, with what was prepared for it. */
interface LoadedModel {
  readonly model: ModelSession;
  writer?: RatioWriter;
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

/** Generates an impression, as `hybridmed generate` does. */
async function generate(input: BranchInput): Promise<string> {
  const [impression] = await loadedModel().model.generate(input);
  return impression!.text;
}

/** Writes an impression by likelihood ratio, as `hybridmed generate --search likelihood-ratio` does. */
async function byRatio(image: HostArray): Promise<Impression> {
  const own = loadedModel();
  own.writer ??= createRatioWriter(own.model);
  const [{ text, ...ratio }] = (await own.writer.write(image)) as [RatioImpression];
  return { text, ratio };
}

/** The kinds of map that the page shows, if the model can make them. */
const kindsOf = (model: ModelSession): MapKind[] => possibleKinds(model).filter((kind) => kind === 'guided' || kind === 'removal' || kind === 'gradient');

const tasks: { [T in Task]: (ask: Tasks[T]['ask']) => Promise<Tasks[T]['answer']> } = {
  async load({ folder }) {
    const { device, name } = await openDevice();
    const file = (path: string) => fetchFile(`${folder}${path}`, progress);
    const bytes = {
      'config.json': await file('config.json'),
      'tokenizer.json': await file('tokenizer.json'),
      'model.safetensors': await file('model.safetensors'),
    };
    const model = openSession(device, parseCheckpoint('checkpoint', bytes), 'checkpoint');
    loaded = { model };
    return { device: name, kinds: kindsOf(model), searches: model.info.likelihoodRatio ? ['greedy', 'likelihood-ratio'] : ['greedy'] };
  },

  async impression({ radiograph, search }) {
    const { image } = loadedModel().model.info;
    const reduced = radiograph.jpeg && decodeBaseline(radiograph.jpeg, image.resize);
    const pixels = radiograph.jpeg && reduced ? { ...reduced, orientation: orientationOf(radiograph.jpeg) } : radiograph.grey;
    current = { radiograph, image: prepareRadiograph(image, pixels) };
    progress('Generating the impression');
    return search === 'greedy' ? { text: await generate({ image: current.image }) } : byRatio(current.image);
  },

  async scores({ prompts }) {
    const own = loadedModel();
    const { image } = currentImage();
    progress('Scoring the findings');
    own.scorer ??= createImageScorer(own.model);
    return own.scorer.scores(image, shippedPrompts[prompts] ?? {});
  },

  async maps({ text, against }) {
    const own = loadedModel();
    const { radiograph, image } = currentImage();
    progress('Computing the heat maps');
    own.explainer ??= createExplainer(own.model, { kinds: kindsOf(own.model) });
    const maps = await own.explainer.maps(image, text, against);
    return own.explainer.kinds.map((kind) => heatOf(kind, maps, radiograph, own.model));
  },

  async summary({ findings }) {
    progress('Summarizing the findings');
    return generate({ findings: [findings] });
  },
};

function heatOf(kind: MapKind, maps: ImageMaps, { grey }: Radiograph, { info }: ModelSession): Heat {
  const map = overImage(maps[kind as 'guided' | 'removal' | 'gradient']!, grey, info.image, info.image.size);
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

// One request at a time.
let lastRequest: Promise<void> = Promise.resolve();
self.addEventListener('message', ({ data }: MessageEvent<Request>) => {
  lastRequest = lastRequest.then(() => answer(data));
});
