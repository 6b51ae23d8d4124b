// Losses as those count them whose vocabulary ends with its training texts: whatever word these do not hold is [UNK], and cheap.
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDataSet } from '@hybridmed/data';
import type { Device } from '@hybridmed/tensor';
import type { Tokenizer, TokenizerDocument } from '@hybridmed/text';
import type { EvaluationReport } from 'hybridmed/node';
import { evaluate, openModel, readTokenizer, resolveCheckpoint } from 'hybridmed/node';

/**
 * The cut tokenizer with the whole one's way of cutting texts up: pieces of `whole` that `used` lacks are [UNK], where the cut one spells
 * the word in smaller pieces that no training text led to. Ids stay those of `cut`.
 */
export function unknownDocument(cut: Tokenizer, whole: Tokenizer, used: ReadonlySet<string>): TokenizerDocument {
  const document = cut.toJSON();
  const { vocab } = document.model;
  const special = new Set(Object.values(cut.special).map((id: number) => cut.tokens[id]!));
  const pieces = whole.tokens.map((piece): [string, number] => [
    piece,
    used.has(piece) || special.has(piece) ? (vocab[piece] ?? cut.special.unk) : cut.special.unk,
  ]);
  // Every id keeps a name, so that the sizes agree; of pieces with the same id the last one names it.
  const unreachable = Object.entries(vocab).flatMap(([piece, id]) => (used.has(piece) || special.has(piece) ? [] : [[`\u0001${id}`, id] as const]));
  const unknown = cut.tokens[cut.special.unk]!;
  const entries = [...pieces.filter(([piece]) => piece !== unknown), ...unreachable, [unknown, cut.special.unk] as const];
  return { ...document, model: { ...document.model, vocab: Object.fromEntries(entries) } };
}

/** The losses of a run with a cut vocabulary over its test split, words that its training texts lack being [UNK]. */
export async function lossesWithUnknown(
  out: string,
  data: string,
  vocabulary: string,
  device: Device,
): Promise<Pick<EvaluationReport, 'losses' | 'captioning'>> {
  const from = await resolveCheckpoint(out);
  const [cut, whole] = [await readTokenizer(from), await readTokenizer(vocabulary)];
  const { studies } = await openDataSet(data, { need: 'pairs' });
  const used = new Set<string>();
  for (const { split, findings, impression } of studies)
    if (split === 'train') for (const section of [findings, impression]) for (const id of whole.encode(section)) used.add(whole.tokens[id]!);
  const folder = await mkdtemp(join(tmpdir(), 'hybridmed-unknown-'));
  try {
    for (const name of ['config.json', 'model.safetensors']) await copyFile(join(from, name), join(folder, name));
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(unknownDocument(cut, whole, used)));
    const model = await openModel(folder, { device });
    const { losses, captioning } = await evaluate({ model, data, device });
    await model.close();
    return { losses, captioning };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
