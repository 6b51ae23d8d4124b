// Samples of shards that others wrote, as WebDataset has them: members that share a key, distinguished by what follows the key's first dot.
import { isUtf8 } from 'node:buffer';
import { DataError } from '@hybridmed/images/errors';
import type { ByteRange } from '@hybridmed/images/bytes';
import { rangeName } from '@hybridmed/images/bytes';
import type { Drops } from '../sources/source.ts';
import type { SampleLabels } from './sample-labels.ts';
import { splitOf } from '../split/draw.ts';
import type { Split, Study } from '../study.ts';
import { normalizeText } from '../text.ts';
import type { ReadUpTo, TarMember } from './tar-members.ts';
import { tarMembers } from './tar-members.ts';

// Reports and labels are small; a larger text belongs to something else.
const maxTextBytes = 2 ** 20;

const imageEndings = ['png', 'jpg', 'jpeg', 'dcm'];
const textEndings = ['findings.txt', 'impression.txt', 'findings', 'impression', 'json'];

interface Sample {
  readonly key: string;
  readonly members: Map<string, TarMember>;
}

/** `folder/key.a.b` as key (folder included) and ending. */
function keyOf(name: string): [key: string, ending: string] {
  const file = name.lastIndexOf('/') + 1;
  const dot = name.indexOf('.', file);
  return dot === -1 ? [name, ''] : [name.slice(0, dot), name.slice(dot + 1).toLowerCase()];
}

/** What the samples of all archives are added to. `drawn` counts splits that no one published. */
export interface ReadSamples {
  readonly studies: Study[];
  readonly labels: SampleLabels;
  readonly drops: Drops;
  readonly drawn: { count: number };
}

/** Adds an archive's samples to `studies` and `labels`, and to `drops` what is none. */
export async function webdatasetStudies(archive: string, read: ReadUpTo, { studies, labels, drops, drawn }: ReadSamples): Promise<void> {
  const finish = async ({ key, members }: Sample) => {
    const image = imageEndings.map((ending) => members.get(ending)).find(Boolean);
    if (image === undefined) return drops.add('the sample has no image');
    let fields: Record<string, unknown>;
    try {
      fields = await texts(members, read);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      return drops.add(error.message);
    }
    labels.add(fields['labels'], archive, key);
    studies.push(studyOf(archive, key, image, fields, drawn));
  };
  let sample: Sample | undefined;
  for await (const member of tarMembers(archive, read)) {
    const [key, ending] = keyOf(member.name);
    if (sample && (sample.key !== key || sample.members.has(ending))) {
      await finish(sample);
      sample = undefined;
    }
    sample ??= { key, members: new Map() };
    sample.members.set(ending, member);
  }
  if (sample) await finish(sample);
}

async function texts(members: ReadonlyMap<string, TarMember>, read: ReadUpTo): Promise<Record<string, unknown>> {
  const fields: Record<string, unknown> = {};
  for (const ending of textEndings) {
    const member = members.get(ending);
    if (member === undefined) continue;
    if (member.length > maxTextBytes) throw new DataError('a text of the sample is too long');
    const bytes = Buffer.from(await read(member.start, member.length));
    if (!isUtf8(bytes)) throw new DataError('a text of the sample is not UTF-8');
    const text = bytes.toString('utf8');
    if (ending !== 'json') fields[ending.replace('.txt', '')] = text;
    else Object.assign(fields, parsed(text));
  }
  return fields;
}

function parsed(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Said below.
  }
  throw new DataError('the JSON of the sample is not an object');
}

const splitNames: Readonly<Record<string, Split>> = {
  train: 'train',
  validate: 'validate',
  val: 'validate',
  valid: 'validate',
  validation: 'validate',
  test: 'test',
};

/** The split a sample names, else its shard's name begins with, else one drawn by patient or id. */
function splitFor(archive: string, named: unknown, id: string, drawn: { count: number }): Split {
  const own = typeof named === 'string' ? splitNames[named.toLowerCase()] : undefined;
  const ofShard = splitNames[/^[a-z]+/.exec((archive.split('/').at(-1) ?? '').toLowerCase())?.[0] ?? ''];
  if (own ?? ofShard) return (own ?? ofShard)!;
  drawn.count++;
  return splitOf(id);
}

function studyOf(archive: string, key: string, image: ByteRange, fields: Record<string, unknown>, drawn: { count: number }): Study {
  const text = (name: string): string | undefined => (typeof fields[name] === 'string' || typeof fields[name] === 'number' ? String(fields[name]) : undefined);
  const [id, patient, view] = [text('id') ?? key, text('patient'), text('view')];
  return {
    id,
    report: text('report') ?? id,
    image: rangeName({ source: archive, start: image.start, length: image.length }),
    findings: normalizeText(text('findings') ?? ''),
    impression: normalizeText(text('impression') ?? ''),
    split: splitFor(archive, fields.split, patient ?? id, drawn),
    ...(patient === undefined ? {} : { patient }),
    ...(view === undefined ? {} : { view }),
  };
}
