// `hybridmed data render`: any input image as the pipeline sees it.
import { integer, option, string } from '@hybridmed/training/options';
import { defineCommand } from '../../define-command.ts';
import { jsonOption } from '../../options/shared.ts';
import { printResult } from '../../output.ts';

/** The command. */
export const dataRender = defineCommand({
  name: 'render',
  description: 'write an image (JPEG, PNG, DICOM) as the pipeline sees it: 8-bit grey, DICOM look-up tables applied, MONOCHROME1 inverted',
  examples: {
    'data render FILE.dcm --out image.png': 'any image as the pipeline reads it; --size N for the padded square',
  },
  arguments: { file: 'image to read' },
  options: {
    out: option({ value: string(), argument: 'png', help: 'PNG file to write', required: true }),
    size: option({
      value: integer(1, 8192),
      argument: 'pixels',
      help: 'side of the padded square that training crops from',
      defaultWords: 'full size',
    }),
    ...jsonOption,
  },
  async run({ values, arguments: { file }, output }) {
    const { out, size } = values;
    const [{ readGrey, readSquare }, { encodePicture, writeFileAtomic }] = await Promise.all([import('@hybridmed/data'), import('@hybridmed/runtime/files')]);
    const { assumed, ...image } = await readGrey(file);
    const { width, height, pixels } = size === undefined ? image : { width: size, height: size, pixels: await readSquare(file, size) };
    await writeFileAtomic(out, [await encodePicture({ width, height, channels: 1, pixels }, 'png')]);
    for (const line of assumed ?? []) output.log(`${file}: ${line}`);
    printResult(output, values, { file, out, width, height, ...(assumed ? { assumed } : {}) }, () => `${out}: ${width} x ${height} pixels\n`);
  },
});
