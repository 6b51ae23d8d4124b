// Writes parts of a checkpoint as ONNX files into a folder, each validated against the model itself.
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExportedGraph, ExportedPart, ExportManifest, PortSpec, PartName, Checkpoint } from '@hybridmed/model';
import { stageRow } from '@hybridmed/model/objective';
import { exportVersion, lossParametersOf, manifestName, partGraphs, readsImages } from '@hybridmed/model';
import { isTrained, noRemovalError, noVisionError, untrainedError } from '@hybridmed/model/session';
import type { OnnxFile, Precision } from '@hybridmed/onnx';
import { cpuDevice, exportOnnx } from '@hybridmed/onnx';
import type { Device, Graph, HostArrays, Tensor } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { CheckpointEncoders } from '../checkpoint/checkpoint-encoders.ts';
import { hashParameters, openCheckpoint } from '../checkpoint/checkpoint-folder.ts';
import { checkFolderPath, fileError, makeFolder, writeFileAtomic } from '../files.ts';
import { checkGraph } from './validate-export.ts';
import { readManifest } from './exported-folder.ts';

/** What to export, and how. */
export interface ExportCheckpointOptions {
  /** A checkpoint, or a run's folder. */
  readonly checkpoint: string;
  readonly parts: readonly PartName[];
  /** The folder; parts of the same checkpoint in it stay. */
  readonly out: string;
  readonly opset?: number;
  readonly precision?: Precision;
  /** Weights of more bytes than this go to a file beside the model's. */
  readonly inlineLimit?: number;
  /** Modules of the checkpoint's encoders, where they are modules'. */
  readonly encoders?: CheckpointEncoders;
  readonly onMessage?: (text: string) => void;
}

/** Max relative difference of an f32 export from the model. */
const maxError = 1e-4;

const port = ({ dtype, shape }: Tensor): PortSpec => ({ dtype, shape: [...shape] });
const ports = (values: Readonly<Record<string, Tensor>>): Record<string, PortSpec> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, port(value)]));

/**
 * Exports. Returns the folder's manifest. Throws one line for a missing checkpoint, a part whose weights a stage-1 checkpoint has not
 * trained or whose encoder is not a graph, a folder of another checkpoint, or an export that differs from the model.
 */
export async function exportCheckpoint(options: ExportCheckpointOptions): Promise<ExportManifest> {
  const { parts, out, opset = 20, precision = 'f32', onMessage = () => undefined } = options;
  const { folder, retrieval, ...checkpoint } = await openCheckpoint(options.checkpoint, options.encoders);
  const withoutImages = readsImages(checkpoint.model) ? [] : parts.flatMap((part) => noVisionError(folder, part) ?? []);
  if (withoutImages[0]) throw withoutImages[0];
  const untrained = parts.find((part) => !isTrained(checkpoint.config.stage, part));
  if (untrained)
    throw untrainedError({ source: folder, stage: checkpoint.config.stage }, untrained, `, or export ${stageRow(checkpoint.config.stage).parts.join(' or ')}`);
  if (retrieval && parts.includes('summarize'))
    throw new HybridmedError(
      `${folder}: its findings branch reads impressions that are retrieved from training texts, which an exported folder does not hold; export other parts, or train without --retrieve`,
    );
  if (parts.includes('removal') && !checkpoint.model.vision.partial) throw noRemovalError(folder);
  const notExportable = checkpoint.model.vision.frozen && parts.find((part) => part !== 'text' && part !== 'summarize');
  if (notExportable)
    throw new HybridmedError(
      `${folder}: part of its vision encoder is no graph of ours, so that "${notExportable}" cannot be exported; export text or summarize`,
    );
  checkFolderPath(out);
  const weights = await hashParameters(folder);
  const before = existsSync(join(out, manifestName)) ? await readManifest(out) : undefined;
  if (before && before.weights !== weights) throw fileError(out, 'holds exports of another checkpoint', 'name another --out');
  const device = cpuDevice();
  const newParts: Partial<Record<PartName, ExportedPart>> = {};
  try {
    for (const part of parts) {
      onMessage(`exporting ${part}`);
      newParts[part] = { opset, precision, graphs: await writePart(checkpoint, part, device, { ...options, opset, precision }) };
    }
  } finally {
    await device.close();
  }
  const manifest = describe(checkpoint, weights, { ...before?.parts, ...newParts });
  await writeFileAtomic(join(out, 'tokenizer.json'), [`${JSON.stringify(checkpoint.tokenizer.toJSON())}\n`]);
  await writeFileAtomic(join(out, manifestName), [`${JSON.stringify(manifest, undefined, 2)}\n`]);
  return manifest;
}

function describe(checkpoint: Checkpoint, weights: string, parts: ExportManifest['parts']): ExportManifest {
  const { config, model, parameters } = checkpoint;
  const { size, channels } = model.vision.image;
  const { resize, findingsLength, impressionLength } = config.input;
  const { vocabularySize, width, depth, positions } = model.decoder.config;
  const lossParameters = lossParametersOf(checkpoint);
  return {
    exportVersion,
    weights,
    preset: config.preset,
    stage: config.stage,
    ...(readsImages(model) ? { image: { size, channels, resize, mean: 0.5, std: 0.5 } as const } : {}),
    text: { findingsLength, impressionLength },
    special: model.special,
    decoder: { vocabularySize, width, depth, positions },
    logitScale: parameters['align.logit_scale']?.data[0] ?? 0,
    ...(lossParameters ? { lossParameters } : {}),
    ...(config.likelihoodRatio ? { likelihoodRatio: config.likelihoodRatio } : {}),
    ...(model.labels ? { labels: model.labels } : {}),
    parts,
  };
}

/** Writes a part's graphs under a temporary name, checks each, then puts the part in its place. */
async function writePart(
  checkpoint: Checkpoint,
  part: PartName,
  device: Device,
  { out, opset, precision, inlineLimit }: ExportCheckpointOptions & { opset: number; precision: Precision },
): Promise<Record<string, ExportedGraph>> {
  const temporary = join(out, `.${part}.tmp`);
  const graphs: Record<string, ExportedGraph> = {};
  try {
    await rm(temporary, { recursive: true, force: true });
    await makeFolder(temporary);
    for (const [name, graph] of Object.entries(partGraphs(checkpoint.model, part))) {
      const parameters = parametersOf(graph, checkpoint.parameters);
      const externalName = `${name}.onnx.data`;
      const file = exportOnnx(graph, { parameters, opset, precision, externalName, ...(inlineLimit === undefined ? {} : { inlineLimit }) });
      await writeFiles(temporary, name, file);
      const error = await checkGraph(device, graph, parameters, join(temporary, `${name}.onnx`), checkpoint.model);
      if (precision === 'f32' && !(error <= maxError))
        throw new HybridmedError(`${part}/${name}.onnx: differs from the model by ${error.toExponential(1)}, more than ${maxError}; report this`);
      const external = file.external && { file: `${part}/${externalName}`, bytes: file.external.chunks.reduce((sum, chunk) => sum + chunk.length, 0) };
      graphs[name] = {
        file: `${part}/${name}.onnx`,
        bytes: file.model.length,
        ...(external ? { external } : {}),
        inputs: ports(graph.data),
        outputs: ports(graph.results),
        error,
      };
    }
    await rm(join(out, part), { recursive: true, force: true });
    await rename(temporary, join(out, part));
    return graphs;
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

const parametersOf = (graph: Graph, all: HostArrays): HostArrays => Object.fromEntries(Object.keys(graph.state).map((name) => [name, all[name]!]));

async function writeFiles(folder: string, name: string, { model, external }: OnnxFile): Promise<void> {
  await writeFileAtomic(join(folder, `${name}.onnx`), [model]);
  if (external) await writeFileAtomic(join(folder, external.name), external.chunks);
}
