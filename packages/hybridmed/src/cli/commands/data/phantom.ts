// `hybridmed data phantom`: makes a data set of procedurally generated radiographs.
import type { Command } from 'commander';
import { integer, jsonOption } from '../../options.ts';
import type { Output } from '../../output.ts';
import { printResult } from '../../output.ts';
import { progressBar } from '../../progress.ts';

/** Adds the command. */
export function addDataPhantom(data: Command, output: Output): void {
  data
    .command('phantom')
    .description('make a data set of procedurally generated chest radiographs with reports and labels')
    .argument('<dir>', 'folder to make')
    .option('--studies <n>', 'number of studies', integer(10), 6000)
    .option('--size <pixels>', 'side of the images', integer(32), 128)
    .option('--seed <n>', 'seed; the same seed gives the same files', integer(0), 0)
    .addOption(jsonOption())
    .action(async (dir: string, { studies, size, seed, json }: { studies: number; size: number; seed: number; json: boolean }) => {
      const { writePhantoms } = await import('@hybridmed/phantoms');
      const bar = progressBar('phantoms');
      const phantoms = await writePhantoms(dir, { studies, size, seed, onProgress: (done: number) => bar.update(done, studies) }).finally(() => bar.stop());
      printResult(
        output,
        { json },
        phantoms,
        () =>
          `${dir}: ${studies} studies of ${size} x ${size} pixels; train on them (12 to 20 minutes on two cores) with\n` +
          `  hybridmed pretrain --data phantom:${dir} --preset small --out RUN\n`,
      );
    });
}
