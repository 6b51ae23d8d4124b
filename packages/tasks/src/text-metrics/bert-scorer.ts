// BERTScore by a published BERT on a device: hidden states of candidates and references, a few studies at a time; the arithmetic is eval's.
import type { BertScore, EmbeddedText } from '@hybridmed/eval/generation';
import { bertScore, inverseFrequencies } from '@hybridmed/eval/generation';
import { prepareTexts } from '@hybridmed/data/browser';
import { readTokenizer } from '@hybridmed/runtime';
import { pretrainedText } from '@hybridmed/runtime/encoders';
import type { Device } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import { bert } from '@hybridmed/text';
import { textEncoderSource } from '../embed/feature-sources.ts';
import { inLengthBatches } from './length-batches.ts';

/** An open scorer; to be closed. */
export interface BertScorer {
  /** The folder. */
  readonly label: string;
  /** Whose hidden states are compared, counted from 1; the last where it is the BERT's depth. */
  readonly layer: number;
  readonly depth: number;
  /** Whether word pieces weigh by their inverse document frequencies over the references. */
  readonly idf: boolean;
  /** Scores of several systems' texts against the same references, text by text. */
  score<S extends string>(systems: Readonly<Record<S, readonly string[]>>, references: readonly string[]): Promise<Record<S, BertScore[]>>;
  close(): Promise<void>;
}

/** The layer whose hidden states are compared (by default the last), and whether rare word pieces weigh more (by default not). */
export interface BertScorerOptions {
  readonly layer?: number | undefined;
  readonly idf?: boolean | undefined;
}

// Studies whose states are held at once: a few megabytes of a large BERT.
const studiesAtOnce = 64;

/**
 * Opens a published folder of a BERT with its tokenizer. Published figures take a layer in the middle, 9 of 12 for bert-base-uncased; no
 * later one is computed. Throws one line for a folder
 * that holds no BERT, or a layer that it lacks.
 */
export async function openBertScorer(folder: string, device: Device, { layer, idf = false }: BertScorerOptions = {}): Promise<BertScorer> {
  const { config, load } = await pretrainedText(folder, { pooling: 'cls' });
  const depth = layer ?? config.depth;
  if (!Number.isInteger(depth) || depth < 1 || depth > config.depth)
    throw new HybridmedError(`${folder}: layer ${depth} is none of its ${config.depth} layers; give 1 to ${config.depth}`);
  const tokenizer = await readTokenizer(folder);
  const encoder = bert({ ...config, depth });
  const all = await load();
  const parameters = Object.fromEntries(Object.keys(encoder.parameters).map((name) => [name, all[name]!]));
  const source = await textEncoderSource(folder, { device, encoder, tokenizer, parameters });
  const { cls, sep } = tokenizer.special;

  /** Hidden states of distinct texts, by text. */
  const embed = async (texts: readonly string[]): Promise<Map<string, EmbeddedText>> => {
    const byText = new Map<string, EmbeddedText>();
    await inLengthBatches(texts, async (batch) => {
      const { ids, mask } = prepareTexts(
        tokenizer,
        batch.map((i) => texts[i]!),
        source.maxTokens,
      );
      const { data } = (await source.run(ids, mask)).tokens;
      const [width, length] = [encoder.width, ids.shape[1]!];
      batch.forEach((i, row) => {
        const own = Array.from(ids.data.subarray(row * length, (row + 1) * length)).filter((_, at) => mask.data[row * length + at] === 1);
        const start = row * length * width;
        byText.set(texts[i]!, { ids: own, states: { data: (data as Float32Array).slice(start, start + own.length * width), shape: [own.length, width] } });
      });
    });
    return byText;
  };

  return {
    label: folder,
    layer: depth,
    depth: config.depth,
    idf,
    async score<S extends string>(systems: Readonly<Record<S, readonly string[]>>, references: readonly string[]) {
      const names = Object.keys(systems) as S[];
      for (const name of names)
        if (systems[name].length !== references.length)
          throw new HybridmedError(`BERTScore: ${systems[name].length} texts of "${name}" but ${references.length} references; give one for each`);
      const weight = idf ? { weight: inverseFrequencies(references.map((text) => tokenizer.encode(text, source.maxTokens))) } : {};
      const scores = Object.fromEntries(names.map((name) => [name, [] as BertScore[]])) as Record<S, BertScore[]>;
      for (let start = 0; start < references.length; start += studiesAtOnce) {
        const end = Math.min(references.length, start + studiesAtOnce);
        const some = [references, ...names.map((name) => systems[name])].flatMap((texts) => texts.slice(start, end));
        const states = await embed([...new Set(some)]);
        for (const name of names)
          for (let i = start; i < end; i++)
            scores[name].push(bertScore(states.get(systems[name][i]!)!, states.get(references[i]!)!, { special: [cls, sep], ...weight }));
      }
      return scores;
    },
    close: () => source.close(),
  };
}
