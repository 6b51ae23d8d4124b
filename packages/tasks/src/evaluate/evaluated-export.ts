// The graphs of an exported folder as what is evaluated: what ONNX Runtime computes with them, in their precision.
import { createLoader } from '@hybridmed/data';
import type { PartName, Branch } from '@hybridmed/model';
import { openExported, studySource } from '@hybridmed/runtime';
import type { Device, HostArray, HostArrays } from '@hybridmed/tensor';
import { evaluateSplit } from '@hybridmed/training';
import { collectImages, collectTexts } from '../features/embeddings.ts';
import type { Subject } from './evaluated-model.ts';
import { branchLossGraph, featureLossGraph } from './feature-losses.ts';
import { collectStudyLosses } from './study-losses.ts';

const scalar = (value: number): HostArray => ({ data: Float32Array.of(value), shape: [] });

/**
 * An exported folder, run by ONNX Runtime; the device works out losses from what the graphs give. Throws one line where a part is
 * missing: of a stage-2 model `caption`, `summarize` and `align` are evaluated, of a stage-1 model `summarize`.
 */
export async function exportedSubject(folder: string, device: Device, { threads }: { readonly threads?: number | undefined }): Promise<Subject> {
  const exported = await openExported(folder, threads === undefined ? {} : { threads });
  const { manifest, tokenizer } = exported;
  const sees = manifest.stage === 2;
  const needed: readonly (readonly [PartName, string])[] = [
    ['summarize', 'encoder'],
    ...(sees
      ? ([
          ['caption', 'encoder'],
          ['align', 'image'],
          ['align', 'text'],
        ] as const)
      : []),
  ];
  for (const [part, graph] of needed) await exported.open(part, graph);
  const byBranch = await device.compile(branchLossGraph(manifest.decoder.vocab));

  /** Logits (B, T, vocab) of a branch over the target's inputs. */
  async function logits(branch: Branch, batch: HostArrays): Promise<HostArray> {
    const part = branch === 'image' ? 'caption' : 'summarize';
    const [encoder, prefill] = [await exported.open(part, 'encoder'), await exported.open(part, 'prefill')];
    const text = { ids: batch.findings!, mask: batch.findings_mask! };
    const { memory } = await encoder.run(branch === 'image' ? { image: batch.image! } : text);
    const seen: HostArrays = branch === 'image' ? {} : { memory_mask: batch.findings_mask! };
    return (await prefill.run({ ids: batch.input!, memory: memory!, ...seen })).logits!;
  }

  const branchLosses = async (branch: Branch, batch: HostArrays): Promise<HostArrays> =>
    byBranch.run({ logits: await logits(branch, batch), target: batch.target!, target_mask: batch.target_mask! });

  async function allLosses(): Promise<(batch: HostArrays) => Promise<HostArrays>> {
    const [see, read] = [await exported.open('align', 'image'), await exported.open('align', 'text')];
    const [, patches, width] = see.outputs.patches!.shape as [string, number, number];
    const importance = read.outputs.importance !== undefined;
    const program = await device.compile(featureLossGraph({ vocabulary: manifest.decoder.vocab, width, patches, special: manifest.special, importance }));
    return async (batch) => {
      const [film, findings] = [await see.run({ image: batch.image! }), await read.run({ ids: batch.findings!, mask: batch.findings_mask! })];
      const impression = await read.run({ ids: batch.impression!, mask: batch.impression_mask! });
      const weights: HostArrays = importance ? { importance: findings.importance! } : {};
      return program.run({
        caption: await logits('image', batch),
        summary: await logits('findings', batch),
        image: film.embedding!,
        patches: film.patches!,
        words: findings.words!,
        ...weights,
        text: impression.embedding!,
        findings: batch.findings!,
        findings_mask: batch.findings_mask!,
        target: batch.target!,
        target_mask: batch.target_mask!,
        groups: batch.groups!,
        log_scale: scalar(manifest.logitScale),
      });
    };
  }

  const texts = ['findings', 'findings_mask', 'input', 'target', 'target_mask'];
  return {
    folder,
    hash: manifest.weights,
    tokenizer,
    sees,
    device: `ONNX Runtime on exported graphs (${Object.entries(manifest.parts)
      .map(([part, { precision }]) => `${part} ${precision}`)
      .join(', ')}), losses by ${device.info.name}`,
    loader(studies) {
      const { size, channels, resize } = manifest.image;
      return createLoader({ studies, tokenizer, image: { resize, crop: size, channels }, ...manifest.text, batchSize: 32, train: false });
    },
    generator: (branch) => exported.generator(branch === 'image' ? 'caption' : 'summarize'),
    async losses(loader) {
      const judge = sees
        ? { fields: ['image', 'impression', 'impression_mask', 'groups', ...texts], run: await allLosses() }
        : { fields: texts, run: async (batch: HostArrays) => ({ sum: (await branchLosses('findings', batch)).mean! }) };
      return (await evaluateSplit(judge, studySource(loader))).losses;
    },
    studyLosses: (branch, loader) => collectStudyLosses((batch) => branchLosses(branch, batch), branch, loader),
    async embedImages(loader) {
      const graph = await exported.open('align', 'image');
      return collectImages(async (image) => (await graph.run({ image })).embedding!, loader);
    },
    async embedTexts(list) {
      const graph = await exported.open('align', 'text');
      return collectTexts(async (ids, mask) => (await graph.run({ ids, mask })).embedding!, tokenizer, list, manifest.text.impressionLength);
    },
    async close() {
      byBranch.release?.();
      await exported.close();
    },
  };
}
