// `hybridmed data pack`: a data set as WebDataset shards, images at training size.
import { presets } from '@hybridmed/model/presets';
import type { DataSet, PackOptions, PackResult } from '@hybridmed/data';
import type { PresetName } from '@hybridmed/model/presets';
import { choice, integer, option } from '@hybridmed/training/options';
import { defineCommand } from '../../define-command.ts';
import { dataSetHelp, loggedSelection, needOption, selectionOptions, selectOptions } from '../../options/data-selection.ts';
import type { CommandPart } from '../../options/parts.ts';
import { commandPart, partOptions, printPart } from '../../options/parts.ts';
import { jsonOption } from '../../options/shared.ts';
import { printResult } from '../../output.ts';
import { stoppable } from '../../stop-signals.ts';
import { progressBar } from '../../progress.ts';

/** The command's name in parts. */
export const packCommand = 'data pack';

/** What was packed, in words. */
export function formatPacked({ studies, questions, shards, kept, bytes }: PackResult, out: string): string {
  const content = questions === undefined ? `${studies} studies` : `${questions} questions about ${studies} images`;
  const use = questions === undefined ? 'train with' : 'use hybridmed vqa with';
  return `${out}: ${content} in ${shards} shards${kept > 0 ? ` (${kept} already present)` : ''}, ${(bytes / 2 ** 20).toFixed(1)} MiB; ${use} --data shards:${out}\n`;
}

/** Packs a part's shards, and gives the part's file. */
async function packPart({ folder, part }: CommandPart, dataSet: DataSet, out: string, options: PackOptions): Promise<string> {
  const [{ packShards }, { shareOf, writePart }] = await Promise.all([import('@hybridmed/data'), import('@hybridmed/runtime/parts')]);
  const { facts, shards } = await packShards(dataSet, out, options, (count) => shareOf(part, count));
  return writePart(
    folder,
    part,
    { command: packCommand, facts: { ...facts } },
    shards.map((value) => ({ list: 'shards', value })),
  );
}

/** The command. */
export const dataPack = defineCommand({
  name: 'pack',
  description: 'write a data set as WebDataset shards (tar archives of PNG and JSON) for training; run again, it finishes an interrupted set',
  examples: {
    'data pack openi:DIR shards --preset small': 'WebDataset shards for --data shards:DIR or shards:URL',
  },
  arguments: { spec: dataSetHelp, out: 'folder of the shards' },
  options: {
    need: option({ value: needOption.need.value, argument: 'need', help: 'what is packed', default: 'pairs' }),
    ...selectionOptions,
    preset: option({
      value: choice(Object.keys(presets) as PresetName[]),
      argument: 'name',
      help: 'the training size of this preset',
      default: 'small',
    }),
    size: option({
      value: integer(8, 4096),
      argument: 'pixels',
      help: 'side of the square images, resized to fit and padded',
      defaultWords: "the preset's",
    }),
    studiesPerShard: option({ value: integer(1), argument: 'n', help: 'studies per shard; for questions, images per shard', default: 1000 }),
    workers: option({ value: integer(0), argument: 'n', help: 'threads that read images', default: 1 }),
    ...partOptions,
    ...jsonOption,
  },
  async run({ values, arguments: { spec, out }, output, usage }) {
    const { preset, size, studiesPerShard, workers } = values;
    const place = await commandPart(values, usage);
    const { openDataSet, packDataSet } = await import('@hybridmed/data');
    const { index: _index, ...select } = selectOptions(values);
    const dataSet = await openDataSet(spec, loggedSelection(values, output));
    const bar = progressBar('packing');
    const packed = await stoppable({ output, json: values.json, again: 'run the command again to finish the set' }, async (signal) => {
      const onProgress = (done: number, total: number) => {
        // Before a shard is written: what is there is whole.
        signal.throwIfAborted();
        bar.update(done, total);
      };
      const options = { size: size ?? presets[preset].resize, studiesPerShard, select: { ...select }, workers, onProgress };
      return place ? { part: await packPart(place, dataSet, out, options) } : { set: await packDataSet(dataSet, out, options) };
    }).finally(() => bar.stop());
    if (!packed) return;
    if (packed.part !== undefined) return printPart(output, values, place!, packed.part, ` --out ${out}`);
    for (const line of packed.set.unreadable) output.log(`left out: ${line}`);
    printResult(output, values, packed.set, () => formatPacked(packed.set, out));
  },
});
