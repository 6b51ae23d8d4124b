// Metrics of texts by published networks, which a user names: opened before anything is evaluated, so that a wrong folder is known at once.
import { bertScoreMeans } from '@hybridmed/eval/generation';
import { chexbertAgreement, chexbertLabelSet } from '@hybridmed/eval/labeller';
import type { Device } from '@hybridmed/tensor';
import type { BertScoreTable, ChexbertTable, EvaluationReport, NamedTexts } from '../evaluate/report.ts';
import { mapSystems, textSystems } from '../evaluate/systems.ts';
import type { BertLabeller } from './bert-labeller.ts';
import { openBertLabeller } from './bert-labeller.ts';
import type { BertScorer, BertScorerOptions } from './bert-scorer.ts';
import { openBertScorer } from './bert-scorer.ts';

/** Folders of published networks; what is left out is not measured. */
export interface PublishedMetricsOptions {
  readonly bertScore?: (BertScorerOptions & { readonly folder: string }) | undefined;
  /** A BERT with CheXbert's heads. */
  readonly labeller?: string | undefined;
}

/** Open networks; to be closed. */
export interface PublishedMetrics {
  /** Figures of every system's texts against the true impressions. */
  of(texts: NamedTexts, truth: readonly string[], onMessage: (text: string) => void): Promise<Pick<EvaluationReport, 'bertScore' | 'chexbert'>>;
  close(): Promise<void>;
}

async function bertScoreTable(scorer: BertScorer, texts: NamedTexts, truth: readonly string[]): Promise<BertScoreTable> {
  const scores = await scorer.score(texts as Readonly<Record<keyof NamedTexts, readonly string[]>>, truth);
  const { label: encoder, layer, depth, idf } = scorer;
  return { encoder, layer, depth, idf, ...mapSystems(texts, (_, system) => bertScoreMeans(scores[system])) };
}

async function chexbertTable(labeller: BertLabeller, texts: NamedTexts, truth: readonly string[]): Promise<ChexbertTable> {
  const setsOf = async (of: readonly string[]) => (await labeller.classes(of)).map((classes) => chexbertLabelSet(classes));
  const expected = await setsOf(truth);
  const stated = new Map<string, Awaited<ReturnType<typeof setsOf>>>();
  for (const { key } of textSystems) if (texts[key]) stated.set(key, await setsOf(texts[key]));
  return { labeller: labeller.label, ...mapSystems(texts, (_, system) => chexbertAgreement(expected, stated.get(system)!)) };
}

/** Opens what is named. Throws one line for a folder that does not hold it. */
export async function openPublishedMetrics({ bertScore, labeller: folder }: PublishedMetricsOptions, device: Device): Promise<PublishedMetrics> {
  const labeller = folder === undefined ? undefined : await openBertLabeller(folder, device);
  const scorer =
    bertScore &&
    (await openBertScorer(bertScore.folder, device, bertScore).catch((error: unknown) => {
      labeller?.close();
      throw error;
    }));
  return {
    async of(texts, truth, onMessage) {
      if (scorer) onMessage(`BERTScore by layer ${scorer.layer} of ${scorer.label}`);
      const scores = scorer && (await bertScoreTable(scorer, texts, truth));
      if (labeller) onMessage(`labels by ${labeller.label}`);
      const labels = labeller && (await chexbertTable(labeller, texts, truth));
      return { ...(scores ? { bertScore: scores } : {}), ...(labels ? { chexbert: labels } : {}) };
    },
    async close() {
      labeller?.close();
      await scorer?.close();
    },
  };
}
