// Reads an exported folder and opens its graphs; everything in its manifest is validated.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ExportManifest, PartName } from '@hybridmed/model';
import { exportVersion, likelihoodRatioProblem, manifestName, openTokenizer, partNames } from '@hybridmed/model';
import { stageNumbers } from '@hybridmed/model/objective';
import { notExportedError } from '@hybridmed/model/session';
import type { OnnxModel } from '@hybridmed/onnx';
import { sizeOf } from '@hybridmed/tensor';
import type { Tokenizer } from '@hybridmed/text';
import { z } from 'zod';
import { fileError, readJson } from '../files.ts';

const count = z.int().min(0);
const upTo = (max: number, min = 1) => z.int().min(min).max(max);
const tokenCount = upTo(2 ** 22);
// Both texts begin with [CLS] and end with [SEP].
const length = upTo(2 ** 17, 3);
// A path in the folder: names as the export writes them, and nothing that leads out of it.
const graphFile = /^[a-z]+\/[a-z]+\.onnx(?:\.data)?$/;
const pathInFolder = z.string().regex(graphFile);
const port = z.object({ dtype: z.enum(['f32', 'i32']), shape: z.array(z.union([count, z.string()])) });
const graph = z.object({
  file: pathInFolder,
  bytes: count,
  external: z.object({ file: pathInFolder, bytes: count }).optional(),
  inputs: z.record(z.string(), port),
  outputs: z.record(z.string(), port),
  error: z.number(),
});
const part = z.object({ opset: upTo(1000), precision: z.enum(['f32', 'f16', 'int8']), graphs: z.record(z.string(), graph) });
const lossParameter = z
  .object({ shape: z.array(upTo(2 ** 22)).max(8), values: z.array(z.number()) })
  .refine(({ shape, values }) => sizeOf(shape) === values.length, { path: ['values'], message: 'must be as many as "shape" says' });
// Its rules are those of config.json.
const likelihoodRatio = z.unknown().superRefine((value, context) => {
  const problem = likelihoodRatioProblem(value, '');
  if (problem) context.addIssue({ code: 'custom', path: problem.key.split('.').filter((key) => key !== ''), message: problem.problem });
});

const mostLabels = 1024;
const labels = z.object({
  columns: z.array(z.string().max(256)).max(mostLabels),
  logOdds: z.array(z.number()).max(mostLabels),
  doubtful: z.literal(['mask', 0, 1]),
  stale: z.boolean().optional(),
});
const manifestSchema = z
  .object({
    exportVersion: z.literal(exportVersion),
    weights: z.string(),
    preset: z.string(),
    stage: z.literal(stageNumbers),
    image: z
      .object({ size: upTo(4096), channels: upTo(16), resize: upTo(8192), mean: z.literal(0.5), std: z.literal(0.5) })
      .refine(({ size, resize }) => resize >= size, { path: ['resize'], message: 'must be at least "size"' })
      .optional(),
    text: z.object({ findingsLength: length, impressionLength: length }),
    special: z.object({ pad: count, unk: count, cls: count, sep: count, mask: count.optional() }),
    decoder: z.object({ vocabularySize: tokenCount, width: upTo(16_384), depth: upTo(256), positions: upTo(2 ** 17) }),
    logitScale: z.number(),
    lossParameters: z.record(z.string().regex(/^\w+\.\w+$/), lossParameter).optional(),
    likelihoodRatio: likelihoodRatio.optional(),
    labels: labels.optional(),
    parts: z.partialRecord(z.enum(partNames), part),
  })
  .refine(({ special, decoder }) => Object.values(special).every((token) => token === undefined || token < decoder.vocabularySize), {
    path: ['special'],
    message: "must be below the vocabulary's size",
  });

/** Whether a path is that of a graph, or of its values, in an exported folder. */
export const isGraphFile = (path: string): boolean => graphFile.test(path);

/** True where a folder holds exports. */
export const isExported = (folder: string): boolean => existsSync(join(folder, manifestName));

/** Reads a folder's manifest. Throws one line that names the file and the key that is wrong. */
export async function readManifest(folder: string): Promise<ExportManifest> {
  const file = join(folder, manifestName);
  const result = manifestSchema.safeParse(await readJson(file));
  if (result.success) return result.data as ExportManifest;
  const { path: key, message } = result.error.issues[0]!;
  throw fileError(file, `"${key.join('.')}": ${message}`, 'export again with this version');
}

/** Every file of an exported folder, in a fixed order. */
export function exportedFiles(folder: string, { parts }: ExportManifest): string[] {
  const graphs = partNames.flatMap((name) => Object.values(parts[name]?.graphs ?? {}));
  const files = graphs.flatMap(({ file, external }) => [file, ...(external ? [external.file] : [])]);
  return [manifestName, 'tokenizer.json', ...files].map((file) => join(folder, file));
}

/** An exported folder in use. */
export interface Exported {
  readonly folder: string;
  readonly manifest: ExportManifest;
  readonly tokenizer: Tokenizer;
  /** One graph, opened once. Throws one line for a part that was not exported. */
  open(part: PartName, name: string): Promise<OnnxModel>;
  close(): Promise<void>;
}

/** Opens an exported folder. Throws one line for a damaged one. */
export async function openExported(folder: string, { threads }: { readonly threads?: number } = {}): Promise<Exported> {
  const manifest = await readManifest(folder);
  const file = join(folder, 'tokenizer.json');
  const tokenizer = openTokenizer(file, await readJson(file));
  if (tokenizer.vocabularySize !== manifest.decoder.vocabularySize)
    throw fileError(file, `has ${tokenizer.vocabularySize} tokens, the exported decoder ${manifest.decoder.vocabularySize}`, 'export again');
  const { openOnnx } = await import('@hybridmed/onnx');
  const models = new Map<string, Promise<OnnxModel>>();
  const open = (name: PartName, graphName: string): Promise<OnnxModel> => {
    const exportedGraph = manifest.parts[name]?.graphs[graphName];
    if (!exportedGraph) return Promise.reject(notExportedError(folder, name, Object.keys(manifest.parts)));
    const { file: path } = exportedGraph;
    const model = models.get(path) ?? openOnnx(join(folder, path), threads === undefined ? {} : { threads });
    models.set(path, model);
    return model;
  };
  return {
    folder,
    manifest,
    tokenizer,
    open,
    async close() {
      for (const model of models.values()) await (await model).close();
    },
  };
}
