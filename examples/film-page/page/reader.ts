// The thread that runs the model: it fetches the checkpoint from the page's own origin, and answers one request after another.
import { decodeBaseline, orientationOf } from '@hybridmed/data/browser';
import { plainDevice } from '@hybridmed/gpujs';
import type { Device, DeviceState, HostArray, HostArrays } from '@hybridmed/tensor';
import { browserWebgpuDevice, DeviceLostError } from '@hybridmed/webgpu';
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
import type { Film } from './film.ts';
import type { Heat, Reply, Request, Task, Tasks } from './messages.ts';

const say = (reply: Reply, transfer: Transferable[] = []): void => self.postMessage(reply, { transfer });
const progress = (text: string, share?: number): void => say({ kind: 'progress', text, ...(share === undefined ? {} : { share }) });

/** The browser's GPU, else the processor. */
async function openDevice(): Promise<{ device: Device; name: string }> {
  try {
    const onCompile = (done: number, total: number) => progress(`Compiling shaders: ${done} of ${total}`, done / Math.max(1, total));
    const device = await browserWebgpuDevice({ events: { onCompile } });
    return { device, name: `WebGPU (${device.info.name}${device.info.software ? ', in software' : ''})` };
  } catch {
    return { device: plainDevice(), name: 'the processor, as this browser offers no WebGPU; heat maps take minutes' };
  }
}

/** A checkpoint on a device, and what was made with it. */
interface Loaded {
  readonly checkpoint: Checkpoint;
  readonly device: Device;
  readonly state: DeviceState;
  readonly generators: Partial<Record<Branch, Generator>>;
  scorer?: ImageScorer;
  explainer?: Explainer;
}
let loaded: Loaded | undefined;
let current: { readonly film: Film; readonly image: HostArray } | undefined;

function ready(): Loaded {
  if (!loaded) throw new Error('the model is not loaded; reload the page');
  return loaded;
}
function shown(): NonNullable<typeof current> {
  if (!current) throw new Error('there is no film; choose one');
  return current;
}

/** Writes with a branch, as `hybridmed generate` does. */
async function write(branch: Branch, inputs: HostArrays): Promise<string> {
  const { checkpoint, device, state, generators } = ready();
  const { model, config, tokenizer } = checkpoint;
  const maxTokens = Math.min(config.input.impressionLength, model.decoder.config.positions);
  generators[branch] ??= await createGenerator(device, state, model, branch, { maxTokens });
  const [text] = await generators[branch].generate(inputs);
  return tokenizer.decode([...text!.ids]);
}

/** The kinds of map that show where a text was seen. */
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

  async impression({ film }) {
    const { model, config } = ready().checkpoint;
    const { resize } = config.input;
    const reduced = film.jpeg && decodeBaseline(film.jpeg, resize);
    const pixels = film.jpeg && reduced ? { ...reduced, orientation: orientationOf(film.jpeg) } : film.grey;
    current = { film, image: prepareRadiograph({ ...model.vision.image, resize }, pixels) };
    progress('Writing the impression');
    return write('image', { image: current.image });
  },

  async scores({ prompts }) {
    const model = ready();
    const { image } = shown();
    progress('Comparing the film with sentences');
    model.scorer ??= await createImageScorer(model.device, model.state, model.checkpoint);
    return model.scorer.scores(image, shippedPrompts[prompts] ?? {});
  },

  async maps({ text, against }) {
    const model = ready();
    const { film, image } = shown();
    const { checkpoint, device, state } = model;
    progress('Looking where it was seen');
    model.explainer ??= await createExplainer(device, state, { folder: 'checkpoint', ...checkpoint }, { kinds: kindsOf(checkpoint) });
    const maps = await model.explainer.maps(image, text, against);
    return model.explainer.kinds.map((kind) => heatOf(kind, maps, film, checkpoint));
  },

  async summary({ findings }) {
    const { config, tokenizer } = ready().checkpoint;
    progress('Summarizing the findings');
    const { ids, mask } = prepareTexts(tokenizer, [findings], config.input.findingsLength);
    return write('findings', { findings: ids, findings_mask: mask });
  },
};

function heatOf(kind: MapKind, maps: ImageMaps, { grey }: Film, { config, model }: Checkpoint): Heat {
  const map = overImage(maps[kind as 'guided' | 'removal' | 'gradient']!, grey, config.input, model.vision.image.size);
  let best = -1;
  map.values.forEach((value, i) => {
    if (value > (map.values[best] ?? 0)) best = i;
  });
  const warmest = { x: ((best % map.width) + 0.5) / map.width, y: (Math.floor(best / map.width) + 0.5) / map.height };
  return { kind, ...(best < 0 ? {} : { warmest }), pixels: heatLayer(map).pixels, seen: Uint8Array.from(map.values, (value) => (Number.isNaN(value) ? 0 : 1)) };
}

async function answer({ id, task, ask }: Request): Promise<void> {
  try {
    say({ kind: 'answer', id, answer: await (tasks[task] as (ask: unknown) => Promise<Tasks[Task]['answer']>)(ask) });
  } catch (error) {
    const message = (error as Error).message.split('\n')[0]!;
    say({ kind: 'error', id, message, lost: error instanceof DeviceLostError });
  }
}

// The branches share a state: one request at a time.
let last: Promise<void> = Promise.resolve();
self.addEventListener('message', ({ data }: MessageEvent<Request>) => {
  last = last.then(() => answer(data));
});
