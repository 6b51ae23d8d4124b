// `hybridmed data pack`: a data set as WebDataset shards, images at training size.
import { presets } from '@hybridmed/model/presets';
import type { PackResult } from '@hybridmed/data';
import type { Command } from 'commander';
import { Option } from 'commander';
import { integer, jsonOption } from '../../options.ts';
import type { Output } from '../../output.ts';
import { printResult } from '../../output.ts';
import { progressBar } from '../../progress.ts';
import type { SelectFlags } from '../../select-options.ts';
import { addSelectOptions, selectOptions } from '../../select-options.ts';

interface PackFlags extends SelectFlags {
  preset: keyof typeof presets;
  size?: number;
  studiesPerShard: number;
  workers: number;
  json: boolean;
}

function formatPacked({ studies, questions, shards, kept, bytes }: PackResult, out: string): string {
  const content = questions === undefined ? `${studies} studies` : `${questions} questions about ${studies} images`;
  const use = questions === undefined ? 'train with' : 'use hybridmed vqa with';
  return `${out}: ${content} in ${shards} shards${kept > 0 ? ` (${kept} already present)` : ''}, ${(bytes / 2 ** 20).toFixed(1)} MiB; ${use} --data shards:${out}\n`;
}

/** Adds the command. */
export function addDataPack(data: Command, output: Output): void {
  const command = data
    .command('pack')
    .description('write a data set as WebDataset shards (tar archives of PNG and JSON) for training; run again, it finishes an interrupted set')
    .argument('<spec>', 'data set as name:path, such as openi:DIR')
    .argument('<out>', 'folder of the shards')
    .addOption(new Option('--need <need>', 'what is packed').choices(['pairs', 'labels', 'images', 'questions']).default('pairs'));
  addSelectOptions(command)
    .addOption(new Option('--preset <name>', 'the training size of this preset').choices(Object.keys(presets)).default('small'))
    .option('--size <pixels>', "side of the square images, resized to fit and padded (default: the preset's)", integer(8))
    .option('--studies-per-shard <n>', 'studies per shard; for questions, images per shard', integer(1), 1000)
    .option('--workers <n>', 'threads that read images', integer(0), 1)
    .addOption(jsonOption())
    .action(async (spec: string, out: string, { preset, size, studiesPerShard, workers, json, ...flags }: PackFlags) => {
      if ((size ?? 0) > 4096) command.error("error: option '--size' must be 4096 or less");
      const { openDataSet, packDataSet } = await import('@hybridmed/data');
      const { index: _index, ...select } = selectOptions(flags);
      const dataSet = await openDataSet(spec, selectOptions(flags));
      const bar = progressBar('packing');
      const onProgress = (done: number, total: number) => bar.update(done, total);
      const options = { size: size ?? presets[preset].resize, studiesPerShard, select, workers, onProgress };
      const packed = await packDataSet(dataSet, out, options).finally(() => bar.stop());
      for (const line of packed.unreadable) output.log(`left out: ${line}`);
      printResult(output, { json }, packed, () => formatPacked(packed, out));
    });
}
