// `hybridmed embed`: features of texts or images as a safetensors file for other tools.
import type { EmbedResult, ImageSource, TextSource } from '@hybridmed/tasks/node';
import type { Values } from '@hybridmed/training/options';
import { integer, option, several, string } from '@hybridmed/training/options';
import type { CommandContext } from '../define-command.ts';
import { defineCommand } from '../define-command.ts';
import { withModel } from '../options/model.ts';
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

/** Runs `use` with what gives the features: an open model, or a published encoder. */
async function withSource<T>({ values, output, openDevice }: Context, use: (source: TextSource | ImageSource) => Promise<T>): Promise<T> {
  const { modelImages, modelTexts, publishedText, publishedVision } = await import('@hybridmed/tasks/node');
  const { checkpoint, text: textEncoder, vision, images } = values;
  if (checkpoint !== undefined)
    return withModel({ values: { ...values, checkpoint }, openDevice }, (model) => use(images ? modelImages(model) : modelTexts(model)));
  const device = await openDevice();
  const source = images
    ? await publishedVision(vision!.slice(published.length), device, (line) => output.log(line))
    : await publishedText(textEncoder!.slice(published.length), device, (line) => output.log(line));
  return use(source).finally(() => source.close());
}

async function embedToFile(context: Context): Promise<EmbedResult> {
  const { texts: textsFile, images, out, maxTokens } = context.values;
  const { embedTextsToFile, embedImagesToFile, readTexts } = await import('@hybridmed/tasks/node');
  const texts = textsFile === undefined ? [] : await readTexts(textsFile);
  const bar = progressBar(images ? 'images' : 'texts');
  const progress = { out, onProgress: (done: number, total: number) => bar.update(done, total), ...(maxTokens === undefined ? {} : { maxTokens }) };
  return withSource(context, (source) =>
    source.kind === 'text' ? embedTextsToFile(source, texts, progress) : embedImagesToFile(source, images!, progress),
  ).finally(() => bar.stop());
}

/** The command. */
export const embed = defineCommand({
  name: 'embed',
  description: 'write features of texts or images as safetensors: tokens (N, L, D), zero at padding, mask (N, L) and global (N, D)',
  examples: {
    'embed --checkpoint runs/openi --texts reports.txt --out f.safetensors': 'tokens, mask and global vectors for other tools',
  },
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
