// `hybridmed data phantom`: makes a data set of procedurally generated radiographs.
import { integer, option } from '@hybridmed/training/options';
import { defineCommand } from '../../define-command.ts';
import { jsonOption } from '../../options/shared.ts';
import { printResult } from '../../output.ts';
import { progressBar } from '../../progress.ts';

/** The command. */
export const dataPhantom = defineCommand({
  name: 'phantom',
  description: 'make a data set of procedurally generated chest radiographs with reports and labels',
  examples: {
    'data phantom DIR --studies 6000': 'procedurally generated chest radiographs with reports, labels and masks',
  },
  arguments: { dir: 'folder to make' },
  options: {
    studies: option({ value: integer(10), argument: 'n', help: 'number of studies', default: 6000 }),
    size: option({ value: integer(32), argument: 'pixels', help: 'side of the images', default: 128 }),
    seed: option({ value: integer(0), argument: 'n', help: 'seed; the same seed gives the same files', default: 0 }),
    ...jsonOption,
  },
  async run({ values, arguments: { dir }, output }) {
    const { studies, size, seed } = values;
    const { writePhantoms } = await import('@hybridmed/phantoms');
    const bar = progressBar('phantoms');
    const phantoms = await writePhantoms(dir, { studies, size, seed, onProgress: (done: number) => bar.update(done, studies) }).finally(() => bar.stop());
    printResult(
      output,
      values,
      phantoms,
      () =>
        `${dir}: ${studies} studies of ${size} x ${size} pixels; train on them (12 to 20 minutes on two cores) with\n` +
        `  hybridmed pretrain --data phantom:${dir} --preset small --out RUN\n`,
    );
  },
});
