// `hybridmed merge`: what the parts of a command's work make together: the file, the set or the report that one process would have made.
import type { ImageFinding, PackedShards } from '@hybridmed/data';
import type { Parts } from '@hybridmed/runtime/parts';
import { HybridmedError } from '@hybridmed/tensor';
import { option, string } from '@hybridmed/training/options';
import type { PrintCheckOptions } from '../check-report.ts';
import { printCheck } from '../check-report.ts';
import type { CommandContext } from '../define-command.ts';
import { defineCommand } from '../define-command.ts';
import { deviceOptions, jsonOption } from '../options/shared.ts';
import { printResult } from '../output.ts';
import { checkCommand, filesIdentity } from './data/check.ts';
import { formatPacked, packCommand } from './data/pack.ts';
import { formatEmbedded } from './embed.ts';

const options = {
  out: option({ value: string(), argument: 'path', help: 'what is written: of embed the safetensors file, of data pack the folder of the shards' }),
  ...deviceOptions,
  ...jsonOption,
};

type Context = CommandContext<typeof options, 'folder'>;

/** How the parts of a command become its result. */
interface Merge {
  /** Whether `--out` names what is written; else the result is printed. */
  readonly out: boolean;
  run(parts: Parts, context: Context): Promise<void>;
}

const damaged = (what: string): HybridmedError => new HybridmedError(`the parts do not hold ${what}; run them again`);

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);

async function mergePacked(parts: Parts, { values, output }: Context): Promise<void> {
  const [{ finishPacking }, { readLists }] = await Promise.all([import('@hybridmed/data'), import('@hybridmed/runtime/parts')]);
  const { shards = [] } = await readLists(parts);
  const { recipe, counts, dropped, warnings } = parts.facts;
  const isShard = (shard: unknown): boolean => isObject(shard) && isObject(shard.entry) && Array.isArray(shard.unreadable);
  if (![recipe, counts, dropped].every(isObject) || !Array.isArray(warnings) || !shards.every(isShard)) throw damaged('a packed set');
  const packed = await finishPacking(values.out!, { facts: parts.facts, shards, kept: 0 } as unknown as PackedShards);
  for (const line of packed.unreadable) output.log(`left out: ${line}`);
  printResult(output, values, packed, () => formatPacked(packed, values.out!));
}

async function mergeCheck(parts: Parts, { values, output }: Context): Promise<void> {
  const [{ imagesToCheck }, { readLists }] = await Promise.all([import('@hybridmed/data'), import('@hybridmed/runtime/parts')]);
  const { spec, options: given, files: identity } = parts.facts;
  if (typeof spec !== 'string' || !isObject(given)) throw damaged('what was checked');
  const checked = given as unknown as PrintCheckOptions;
  const { files } = await imagesToCheck(spec, checked);
  if (filesIdentity(files) !== identity) throw new HybridmedError(`${spec}: its images are not those that the parts looked at; run the parts again`);
  const { images = [] } = await readLists(parts);
  const isFinding = (finding: unknown): boolean =>
    isObject(finding) && (finding.look === undefined || (finding.look instanceof Int32Array && finding.look.length === 8));
  if (!images.every(isFinding)) throw damaged('what was found in images');
  await printCheck(output, values, spec, { ...checked, findings: images as readonly ImageFinding[] });
}

/** By the command whose parts they are. */
const merges: Readonly<Record<string, Merge>> = {
  embed: {
    out: true,
    async run(parts, { values, output }) {
      const { mergeEmbedded } = await import('@hybridmed/tasks/parts');
      const result = await mergeEmbedded(parts, values.out!);
      printResult(output, values, result, () => formatEmbedded(result));
    },
  },
  evaluate: {
    out: false,
    async run(parts, { values, output, openDevice }) {
      const [{ mergeEvaluation }, { formatEvaluation }] = await Promise.all([import('@hybridmed/tasks/parts'), import('../evaluation-tables.ts')]);
      const report = await mergeEvaluation(parts, { openDevice: () => openDevice(), onMessage: (line) => output.log(line) });
      printResult(output, values, report, formatEvaluation);
    },
  },
  [checkCommand]: { out: false, run: mergeCheck },
  [packCommand]: { out: true, run: mergePacked },
};

/** The command. */
export const merge = defineCommand({
  name: 'merge',
  description: 'make the result of work that was done in parts (--parts of embed, evaluate, data pack, data check); a part that is missing is named',
  examples: {
    'embed --checkpoint runs/openi --texts reports.txt --parts work --part 1/2': 'one half of the work; the other is --part 2/2, anywhere',
    'merge work --out f.safetensors': 'the file that one process would have written',
  },
  arguments: { folder: "the folder that the parts' --parts named" },
  options,
  async run(context) {
    const { openParts } = await import('@hybridmed/runtime/parts');
    const { folder } = context.arguments;
    const parts = await openParts(folder);
    const row = Object.hasOwn(merges, parts.command) ? merges[parts.command] : undefined;
    if (!row) throw new HybridmedError(`${folder}: holds parts of "${parts.command}", which this program does not merge`);
    if (row.out !== (context.values.out !== undefined))
      context.usage(row.out ? `give --out: what ${parts.command} writes` : `leave --out out: ${parts.command} prints its result`);
    await row.run(parts, context);
  },
});
