// The graphs of an exported folder as what is evaluated: what ONNX Runtime computes with them, in their precision.
import { createLoader } from '@hybridmed/data';
import type { Branch, ExportManifest, PartName } from '@hybridmed/model';
import { scalar } from '@hybridmed/model/host-arrays';
import type { Exported } from '@hybridmed/runtime';
import { openExported, studySource } from '@hybridmed/runtime';
import type { Device, HostArray, HostArrays } from '@hybridmed/tensor';
import type { BatchLosses } from '@hybridmed/training';
import { evaluateSplit } from '@hybridmed/training';
import { collectImages, collectTexts } from '../features/embeddings.ts';
import type { EvaluatedModel } from './evaluated-model.ts';
import { evaluationBatch } from './evaluated-model.ts';
import { branchLossGraph, featureLossGraph } from './feature-losses.ts';
import { composedImageDecoder } from './image-decoder.ts';
import { collectStudyLosses } from './study-losses.ts';

/** A graph of a part, by names. */
type GraphName = readonly [part: PartName, graph: string];

const partOf = { image: 'caption', findings: 'summarize' } as const satisfies Record<Branch, PartName>;
const stage1Graphs: readonly GraphName[] = [['summarize', 'encoder']];
const stage2Graphs: readonly GraphName[] = [...stage1Graphs, ['caption', 'encoder'], ['align', 'image'], ['align', 'text']];
const stage1Fields = ['findings', 'findings_mask', 'input', 'target', 'target_mask'];
const stage2Fields = ['image', 'impression', 'impression_mask', 'groups', ...stage1Fields];

/** Logits (B, T, vocabulary) of a branch over the target's inputs. */
async function branchLogits(exported: Exported, branch: Branch, batch: HostArrays): Promise<HostArray> {
  const [encoder, prefill] = [await exported.open(partOf[branch], 'encoder'), await exported.open(partOf[branch], 'prefill')];
  const inputs: HostArrays = branch === 'image' ? { image: batch.image! } : { ids: batch.findings!, mask: batch.findings_mask! };
  const { memory } = await encoder.run(inputs);
  const memoryMask: HostArrays = branch === 'image' ? {} : { memory_mask: batch.findings_mask! };
  return (await prefill.run({ ids: batch.input!, memory: memory!, ...memoryMask })).logits!;
}

/** Losses of one branch by study, and their mean over tokens. */
type BranchLosses = (branch: Branch, batch: HostArrays) => Promise<HostArrays>;

/** The loss of a stage-1 model. */
const summaryLoss = (branchLosses: BranchLosses): BatchLosses => ({
  fields: stage1Fields,
  run: async (batch) => ({ sum: (await branchLosses('findings', batch)).mean! }),
});

/** The losses of a stage-2 model, from what its graphs give. */
async function allLosses(exported: Exported, device: Device): Promise<BatchLosses> {
  const { manifest } = exported;
  const [image, text] = [await exported.open('align', 'image'), await exported.open('align', 'text')];
  const [, patches, width] = image.outputs.patches!.shape as [string, number, number];
  const importance = text.outputs.importance !== undefined;
  const sizes = {
    vocabularySize: manifest.decoder.vocabularySize,
    width,
    patches,
    special: manifest.special,
    importance,
    lossParameters: manifest.lossParameters,
  };
  const program = await device.compile(featureLossGraph(sizes));
  const parameters: HostArrays = Object.fromEntries(
    Object.entries(manifest.lossParameters ?? {}).map(([name, { shape, values }]) => [name, { shape, data: Float32Array.from(values) }]),
  );
  return {
    fields: stage2Fields,
    async run(batch) {
      const radiograph = await image.run({ image: batch.image! });
      const findings = await text.run({ ids: batch.findings!, mask: batch.findings_mask! });
      const impression = await text.run({ ids: batch.impression!, mask: batch.impression_mask! });
      return program.run({
        caption: await branchLogits(exported, 'image', batch),
        summary: await branchLogits(exported, 'findings', batch),
        image: radiograph.embedding!,
        patches: radiograph.patches!,
        words: findings.words!,
        ...(importance ? { importance: findings.importance! } : {}),
        text: impression.embedding!,
        findings: batch.findings!,
        findings_mask: batch.findings_mask!,
        target: batch.target!,
        target_mask: batch.target_mask!,
        groups: batch.groups!,
        log_scale: scalar(manifest.logitScale),
        ...parameters,
      });
    },
  };
}

/** Who computes, in words: the parts with their precisions, and the device of the losses. */
const describe = ({ parts }: ExportManifest, device: Device): string =>
  `ONNX Runtime on exported graphs (${Object.entries(parts)
    .map(([part, { precision }]) => `${part} ${precision}`)
    .join(', ')}), losses by ${device.info.name}`;

/**
 * Opens an exported folder, run by ONNX Runtime; the device works out losses from what the graphs give. Throws one line where a part is
 * missing: of a stage-2 model `caption`, `summarize` and `align` are evaluated, of a stage-1 model `summarize`.
 */
export async function openEvaluatedExport(folder: string, device: Device, { threads }: { readonly threads?: number | undefined }): Promise<EvaluatedModel> {
  const exported = await openExported(folder, threads === undefined ? {} : { threads });
  const { manifest, tokenizer } = exported;
  const hasImageBranch = manifest.stage === 2;
  for (const [part, graph] of hasImageBranch ? stage2Graphs : stage1Graphs) await exported.open(part, graph);
  const tokenLosses = await device.compile(branchLossGraph(manifest.decoder.vocabularySize));
  const branchLosses: BranchLosses = async (branch, batch) =>
    tokenLosses.run({ logits: await branchLogits(exported, branch, batch), target: batch.target!, target_mask: batch.target_mask! });
  return {
    folder,
    hash: manifest.weights,
    tokenizer,
    hasImageBranch,
    device: describe(manifest, device),
    loader(studies) {
      const { size, channels, resize } = manifest.image;
      return createLoader({ studies, tokenizer, image: { resize, size, channels }, ...manifest.text, batchSize: evaluationBatch, train: false });
    },
    generator: (branch) => exported.generator(partOf[branch]),
    async losses(loader) {
      const batchLosses = hasImageBranch ? await allLosses(exported, device) : summaryLoss(branchLosses);
      return (await evaluateSplit(batchLosses, studySource(loader))).losses;
    },
    impressionLength: manifest.text.impressionLength,
    async imageDecoder() {
      const [encoder, prefill] = [await exported.open(partOf.image, 'encoder'), await exported.open(partOf.image, 'prefill')];
      return composedImageDecoder({
        memory: async (image) => (await encoder.run({ image })).memory!,
        logits: async (memory, ids) => (await prefill.run({ ids, memory })).logits!,
        tokenLosses: (batch) => tokenLosses.run(batch),
      });
    },
    studyLosses: (branch, loader) => collectStudyLosses((batch) => branchLosses(branch, batch), branch, loader),
    async embedImages(loader) {
      const graph = await exported.open('align', 'image');
      return collectImages(async (image) => (await graph.run({ image })).embedding!, loader);
    },
    async embedTexts(texts) {
      const graph = await exported.open('align', 'text');
      return collectTexts(async (ids, mask) => (await graph.run({ ids, mask })).embedding!, tokenizer, texts, manifest.text.impressionLength);
    },
    async close() {
      tokenLosses.release?.();
      await exported.close();
    },
  };
}
