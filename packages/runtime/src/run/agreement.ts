// What all ranks of a run must share before its first step, and what rank 0 gives the others.
import { createHash } from 'node:crypto';
import type { Model } from '@hybridmed/model';
import { openTokenizer } from '@hybridmed/model';
import type { Communicator } from '@hybridmed/ranks';
import { agree, broadcastText, RanksError } from '@hybridmed/ranks';
import type { Device } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { Tokenizer } from '@hybridmed/text';
import type { RunConfig } from '../settings/run-settings.ts';
import { version } from '../version.ts';
import type { RecordedData } from './provenance.ts';

/** What a rank was started with. */
export interface RankFacts {
  readonly config: RunConfig;
  readonly device: Device;
  readonly data: RecordedData;
  readonly model: Model;
  readonly tokenizer: Tokenizer;
}

const hash = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);

/** Throws the same line on every rank where one has other settings, studies, vocabulary, model, version or device (with its threads) than rank 0. Where the data lies may differ. */
export async function agreeOnRun(ranks: Communicator, { config, device, data, model, tokenizer }: RankFacts): Promise<void> {
  if (ranks.size === 1) return;
  const { data: _, ...settings } = config;
  const { kind, name, precision = 'f32' } = device.info;
  const facts = {
    version: version(),
    ...Object.fromEntries(Object.entries(settings).map(([key, value]) => [`"${key}"`, JSON.stringify(value)])),
    device: `${kind}: ${name}, ${precision}`,
    data: hash([data.identity, data.splits]),
    vocabulary: hash(tokenizer.toJSON()),
    model: hash(Object.entries(model.parameters).map(([parameter, { shape }]) => [parameter, shape])),
  };
  await agree(ranks, facts).catch((error: unknown) => {
    throw error instanceof RanksError ? new HybridmedError(error.message) : error;
  });
}

/** Rank 0's tokenizer on every rank; `open` is called on rank 0. */
export async function sharedTokenizer(ranks: Communicator, open: () => Promise<Tokenizer>): Promise<Tokenizer> {
  const own = ranks.rank === 0 ? await open() : undefined;
  if (ranks.size === 1) return own!;
  const text = await broadcastText(ranks, own ? JSON.stringify(own.toJSON()) : '');
  return own ?? openTokenizer("rank 0's tokenizer", JSON.parse(text));
}
