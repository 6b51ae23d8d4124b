// The frozen front of a stage's text encoder: what it makes of findings and impressions, kept by token ids, and what is said of that.
import type { Model } from '@hybridmed/model';
import type { StagePlan, TextName } from '@hybridmed/model/graphs';
import { frozenTextFront, stepFields, textFeatureField, textNames, usesTeacher, validationPlan } from '@hybridmed/model/graphs';
import { alone } from '@hybridmed/ranks';
import type { Device, DeviceState } from '@hybridmed/tensor';
import { mix32 } from '@hybridmed/tensor';
import type { ByteStore } from '../contracts/byte-store.ts';
import type { StudySource } from '../contracts/study-source.ts';
import type { TrainingRun } from '../contracts/training-run.ts';
import { featureCodings } from './feature-coding.ts';
import { frontIdentity } from './front-identity.ts';
import type { FrozenTexts } from './frozen-texts.ts';
import { featureSize, frozenTexts, tokenRows } from './frozen-texts.ts';
import { inMebibytes } from './in-mebibytes.ts';
import type { TextChunk } from './text-chunks.ts';
import { textPrograms } from './text-chunks.ts';

/** What a stage trains behind a front of its text encoder, and which texts its graphs read the features of. */
export interface TextFrontOfStage {
  readonly model: Model;
  readonly texts: FrozenTexts;
  readonly train: readonly TextName[];
  readonly validation: readonly TextName[];
  /** Whether features of findings are kept that the teacher alone reads, once for each training study. */
  readonly keepsTeachers: boolean;
  release(): void;
}

// Texts of one run of a front: on the CPU as few as it computes about as fast as many, since a step's texts are of several lengths.
const chunks: Readonly<Record<string, Pick<TextChunk, 'rows' | 'multiple'>>> = { webgpu: { rows: 16, multiple: 32 } };
const otherChunk = { rows: 4, multiple: 16 };

const chunkOf = ({ info }: Device, { text, special }: Model): TextChunk => ({
  ...(chunks[info.kind] ?? otherChunk),
  pad: special.pad,
  maxTokens: text.maxTokens,
});

/** A number for a list of token ids; two lists have one number by accident only. */
function numberOf(ids: Int32Array): number {
  let [high, low] = [1, 2];
  for (const id of ids) [high, low] = [mix32(high ^ id), mix32((low + id) | 0)];
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}

/** Distinct texts of some sources, and the numbers that their features are. */
function countTexts(sources: readonly StudySource[], text: TextName, sizeOf: (tokens: number) => number): { readonly texts: number; readonly numbers: number } {
  const seen = new Set<number>();
  let numbers = 0;
  for (const source of sources)
    for (const { arrays } of source.texts(256))
      for (const ids of tokenRows(arrays[text], arrays[`${text}_mask`])) {
        const number = numberOf(ids);
        if (!seen.has(number)) numbers += sizeOf(ids.length);
        seen.add(number);
      }
  return { texts: seen.size, numbers };
}

const plurals: Readonly<Record<TextName, string>> = { findings: 'findings', impression: 'impressions' };

/** What is said of a front at a stage's start: how far it goes, of how many texts what it makes is kept, and where. */
function frontLine(extent: string, store: ByteStore, kept: readonly { readonly text: TextName; readonly texts: number; readonly bytes: number }[]): string {
  if (store.maxBytes === 0) return `frozen: ${extent}; what it makes of texts is not kept`;
  const total = kept.reduce((sum, { bytes }) => sum + bytes, 0);
  const words = kept.map(({ text, texts }) => `${texts} distinct ${plurals[text]}`).join(' and ');
  const room = total > store.maxBytes ? 'beyond that each is computed in each epoch' : 'each is computed once';
  return `frozen: ${extent}; what it makes of ${words}, ${inMebibytes(total)}, is kept ${store.place}, at most ${inMebibytes(store.maxBytes)}: ${room}`;
}

/** Texts whose features a plan's graphs read. */
const textsOf = (plan: StagePlan, model: Model): TextName[] => {
  const fields = stepFields(plan, model);
  return textNames.filter((text) => fields.includes(textFeatureField(text)));
};

/** Opens the front of a stage on its state, whose features are kept in a store; undefined where the model has none, or nothing reads what it makes. */
export async function openTextFront(run: TrainingRun, state: DeviceState, plan: StagePlan, store: ByteStore): Promise<TextFrontOfStage | undefined> {
  const { device, model, events, train, validation, features: keeping = {}, ranks = alone } = run;
  const front = frozenTextFront(model);
  if (!front) return undefined;
  const { rest, graphs, extent } = front;
  const read = { train: textsOf(plan, rest), validation: textsOf(validationPlan(plan), rest) };
  const keepsTeachers = keeping.store !== undefined && usesTeacher(plan) && plan.teacher === 'cached';
  if (read.train.length + read.validation.length === 0) return undefined;
  const coding = featureCodings[keeping.precision ?? 'f32'];
  const chunk = chunkOf(device, model);
  const identities = new Map<TextName, string>();
  if (keeping.store)
    for (const text of textNames)
      identities.set(text, await frontIdentity(graphs[text], await state.read(Object.keys(graphs[text].state)), device, Object.values(chunk)));
  const nameOf = (text: TextName, ids: Int32Array): string => [identities.get(text) ?? text, keeping.precision ?? 'f32', ids.join(' ')].join(' ');
  const { compute, release } = textPrograms(device, state, front, chunk);
  if (ranks.rank === 0) {
    const { shapes } = rest.textFront;
    const sources = (text: TextName) => [
      ...(read.train.includes(text) || (keepsTeachers && text === 'findings') ? [train] : []),
      ...(read.validation.includes(text) ? [validation] : []),
    ];
    const kept = textNames.flatMap((text) => {
      const { texts, numbers } = countTexts(sources(text), text, (tokens) => featureSize(shapes[text], tokens));
      return texts > 0 ? [{ text, texts, bytes: numbers * coding.bytes }] : [];
    });
    events.onMessage?.(frontLine(extent, store, kept));
  }
  return { model: rest, texts: frozenTexts(rest.textFront.shapes, compute, { store, coding, nameOf }), ...read, keepsTeachers, release };
}
