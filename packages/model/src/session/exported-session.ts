// Exported graphs as a session, whoever runs them: ONNX Runtime in Node or in a page.
import type { HostArrays } from '@hybridmed/tensor';
import type { Tokenizer } from '@hybridmed/text';
import type { ExportManifest } from '../export/manifest.ts';
import type { PartName } from '../model/parts.ts';
import { partOfBranch } from '../model/parts.ts';
import type { GraphRunner } from '../generation/exported-generator.ts';
import { exportedGenerator } from '../generation/exported-generator.ts';
import { takeRows } from '../host-arrays.ts';
import { composeSession, imageParts, textParts } from './compose-session.ts';
import { logLikelihoodsOf } from './text-likelihoods.ts';
import type { ModelSession, SessionInfo } from './session.ts';
import { notExportedError, noVisionError } from './session-error.ts';

/** An exported folder that is open. */
export interface ExportedModel {
  /** The folder, or where it was fetched from. */
  readonly source: string;
  readonly manifest: ExportManifest;
  readonly tokenizer: Tokenizer;
  /** One graph of a part that the manifest has. */
  open(part: PartName, graph: string): Promise<GraphRunner>;
  close(): Promise<void>;
}

/** The number of patches, where a part says it: of its outputs those of an image are (B, N, width). */
function patchesOf({ parts }: ExportManifest): number | undefined {
  const ports = [
    parts.align?.graphs.image?.outputs.patches,
    parts.vision?.graphs.encoder?.outputs.tokens,
    parts.caption?.graphs.encoder?.outputs.memory,
    parts.removal?.graphs.encoder?.outputs.memory,
  ];
  const size = ports.find((port) => port !== undefined)?.shape[1];
  return typeof size === 'number' ? size : undefined;
}

/** Whether a part's decoder copies tokens of what it reads. */
const takesMemoryIds = ({ parts }: ExportManifest, part: PartName): boolean => parts[part]?.graphs.prefill?.inputs.memory_ids !== undefined;

function infoOf({ source, manifest }: ExportedModel): SessionInfo {
  const { preset, stage, image, text, special, decoder, logitScale, lossParameters, labels, likelihoodRatio, parts } = manifest;
  const patches = patchesOf(manifest);
  const { size, channels, resize } = image ?? { size: 0, channels: 0, resize: 0 };
  return {
    source,
    preset,
    stage,
    readsImages: image !== undefined,
    image: { size, channels, resize },
    ...text,
    special,
    vocabularySize: decoder.vocabularySize,
    maxTokens: Math.min(text.impressionLength, decoder.positions),
    ...(patches === undefined ? {} : { patches }),
    modules: [],
    logitScale,
    copies: takesMemoryIds(manifest, partOfBranch.findings),
    ...(lossParameters ? { lossParameters } : {}),
    ...(likelihoodRatio ? { likelihoodRatio } : {}),
    ...(labels ? { labels } : {}),
    device: `ONNX Runtime on exported graphs (${Object.entries(parts)
      .map(([part, { precision }]) => `${part} ${precision}`)
      .join(', ')})`,
    deviceKind: 'onnx',
  };
}

/** Names of the graphs of both encoders: the part `align` has one of each. */
const graphOf = (part: PartName, kind: 'image' | 'text'): string => (part === 'align' ? kind : 'encoder');

/** Opens exported graphs. Parts of lower precision than f32 give what they compute. */
export function openExportedSession(exported: ExportedModel): ModelSession {
  const { manifest, source } = exported;
  const run = async (part: PartName, graph: string, inputs: HostArrays): Promise<HostArrays> => (await exported.open(part, graph)).run(inputs);
  /** Each part that gives some of the outputs is run once. */
  async function outputsOf(kind: 'image' | 'text', parts: ReadonlySet<PartName>, outputs: readonly string[], inputs: HostArrays): Promise<HostArrays> {
    const results: Record<string, HostArrays[string]> = {};
    for (const part of parts) Object.assign(results, await run(part, graphOf(part, kind), inputs));
    return Object.fromEntries(outputs.flatMap((name) => (results[name] ? [[name, results[name]]] : [])));
  }
  return composeSession({
    info: infoOf(exported),
    tokenizer: exported.tokenizer,
    problemOf(part) {
      if (manifest.parts[part]) return undefined;
      return (manifest.image ? undefined : noVisionError(source, part)) ?? notExportedError(source, part, Object.keys(manifest.parts));
    },
    images: (outputs, image) => outputsOf('image', new Set(outputs.map((name) => imageParts[name])), outputs, { image }),
    texts: (outputs, texts) => outputsOf('text', new Set(outputs.map((name) => textParts[name])), outputs, { ...texts }),
    partialMemory: async (image, mask) => (await run('removal', 'encoder', { image, patch_mask: mask })).memory!,
    logits: async (branch, inputs) => (await run(partOfBranch[branch], 'prefill', inputs)).logits!,
    async likelihoods(branch, { input, memory, memory_mask: mask, ...targets }) {
      // The graphs take a memory for each text.
      const rows = new Int32Array(input.shape[0]!);
      const inputs = { ids: input, memory: takeRows(memory, rows), ...(mask ? { memory_mask: takeRows(mask, rows) } : {}) };
      return logLikelihoodsOf((await run(partOfBranch[branch], 'prefill', inputs)).logits!, targets);
    },
    async generator(branch) {
      const part = partOfBranch[branch];
      const [encoder, prefill, decode] = [await exported.open(part, 'encoder'), await exported.open(part, 'prefill'), await exported.open(part, 'decode')];
      const { special, decoder, text } = manifest;
      const maxTokens = Math.min(text.impressionLength, decoder.positions);
      const copies = takesMemoryIds(manifest, part);
      return exportedGenerator({ branch, encoder, prefill, decode, special, copies, vocabularySize: decoder.vocabularySize, maxTokens });
    },
    close: () => exported.close(),
  });
}
