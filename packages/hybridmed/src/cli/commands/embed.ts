// `hybridmed embed`: features of texts or images as a safetensors file for other tools.
import type { EmbedResult, ImageSource, TextSource } from '@hybridmed/tasks/node';
import type { Device } from '@hybridmed/tensor';
import type { Values } from '@hybridmed/training/settings';
import { integer, option, several, string } from '@hybridmed/training/settings';
import type { CommandContext } from '../define-command.ts';
import { defineCommand } from '../define-command.ts';
import { deviceOptions, jsonOption, modelHelp } from '../options/shared.ts';
import { printResult } from '../output.ts';
import { progressBar } from '../progress.ts';

const options = {
  checkpoint: option({ value: string(), argument: 'dir', help: modelHelp }),
  text: option({ value: string(), argument: 'source', help: "published text encoder: hf:DIR; with --checkpoint, its text encoder's module" }),
  vision: option({ value: string(), argument: 'source', help: "published vision encoder: hf:DIR or hf:FILE; with --checkpoint, its vision encoder's module" }),
  texts: option({ value: string(), argument: 'file', help: 'texts, one per line, or a JSON list of texts' }),
  images: option({ value: several(string()), argument: 'files', help: 'radiographs: PNG, JPEG or DICOM' }),
  maxTokens: option({ value: integer(2), argument: 'n', help: 'maximum number of tokens of a text', defaultWords: "the encoder's own limit" }),
  out: option({ value: string(), argument: 'file', help: 'safetensors file to write', required: true }),
  ...deviceOptions,
  ...jsonOption,
};

type Context = CommandContext<typeof options, never>;

const published = 'hf:';

/** Why a combination of flags is refused, or undefined. */
function problemOf({ checkpoint, text: textEncoder, vision, texts, images }: Values<typeof options>): string | undefined {
  if ((texts === undefined) === (images === undefined)) return 'give either --texts FILE or --images FILE...';
  if (checkpoint !== undefined) {
    const publishedEncoder = [textEncoder, vision].find((encoder) => encoder?.startsWith(published));
    return publishedEncoder === undefined
      ? undefined
      : `give either --checkpoint or ${publishedEncoder}; with a checkpoint, --text and --vision name the modules it was trained with`;
  }
  const [own, other] = images ? [vision, textEncoder] : [textEncoder, vision];
  const [flag, kind] = images ? ['--vision', 'images'] : ['--text', 'texts'];
  if (own === undefined || other !== undefined) return `for ${kind}, give --checkpoint DIR or ${flag} hf:DIR alone`;
  return own.startsWith(published) ? undefined : `write hf: before the folder, as in ${flag} hf:${own}`;
}

async function openSource(
  { checkpoint, text: textEncoder, vision, images, threads }: Values<typeof options>,
  device: Device,
  onMessage: (line: string) => void,
): Promise<TextSource | ImageSource> {
  const { checkpointSource, publishedText, publishedVision } = await import('@hybridmed/tasks/node');
  if (checkpoint !== undefined) return checkpointSource(checkpoint, images ? 'image' : 'text', { device, threads, encoders: { vision, text: textEncoder } });
  return images ? publishedVision(vision!.slice(published.length), device, onMessage) : publishedText(textEncoder!.slice(published.length), device);
}

async function embedToFile({ values, output, openDevice }: Context): Promise<EmbedResult> {
  const { texts: textsFile, images, out, maxTokens } = values;
  const { embedTextsToFile, embedImagesToFile, readTexts } = await import('@hybridmed/tasks/node');
  const texts = textsFile === undefined ? [] : await readTexts(textsFile);
  const device = await openDevice();
  const bar = progressBar(images ? 'images' : 'texts');
  const progress = { out, onProgress: (done: number, total: number) => bar.update(done, total), ...(maxTokens === undefined ? {} : { maxTokens }) };
  try {
    const source = await openSource(values, device, (line) => output.log(line));
    const result = source.kind === 'text' ? await embedTextsToFile(source, texts, progress) : await embedImagesToFile(source, images!, progress);
    await source.close();
    return result;
  } finally {
    bar.stop();
  }
}

/** The command. */
export const embed = defineCommand({
  name: 'embed',
  description: 'write features of texts or images as safetensors: tokens (N, L, D), zero at padding, mask (N, L) and global (N, D)',
  options,
  async run(context) {
    const { values, output, usage } = context;
    const problem = problemOf(values);
    if (problem !== undefined) usage(problem);
    printResult(output, values, await embedToFile(context), ({ out, shapes, cut }) => {
      const [count, length, width] = shapes.tokens;
      return `${out}: ${count} ${values.images ? 'images' : 'texts'} of ${length} tokens and ${width} features${cut > 0 ? `; ${cut} texts were truncated` : ''}\n`;
    });
  },
});
