// `hybridmed embed`: features of texts or images as a safetensors file for other tools.
import type { EmbedResult, ImageSource, TextSource } from '@hybridmed/tasks/node';
import type { FeatureFile } from '@hybridmed/tasks/parts';
import type { Values } from '@hybridmed/training/options';
import { integer, option, publishedName, several, string } from '@hybridmed/training/options';
import type { CommandContext } from '../define-command.ts';
import { defineCommand } from '../define-command.ts';
import { withModel } from '../options/model.ts';
import type { CommandPart } from '../options/parts.ts';
import { commandPart, partOptions, printPart } from '../options/parts.ts';
import { deviceOptions, jsonOption, modelHelp } from '../options/shared.ts';
import { printResult } from '../output.ts';
import { progressBar } from '../progress.ts';

const options = {
  checkpoint: option({ value: string(), argument: 'dir', help: modelHelp }),
  text: option({ value: string(), argument: 'source', help: "published text encoder: hf:DIR or hf://org/name; with --checkpoint, its text encoder's module" }),
  vision: option({
    value: string(),
    argument: 'source',
    help: "published vision encoder: hf:DIR, hf:FILE or hf://org/name; with --checkpoint, its vision encoder's module",
  }),
  texts: option({ value: string(), argument: 'file', help: 'texts, one per line, or a JSON list of texts' }),
  images: option({ value: several(string()), argument: 'files', help: 'radiographs: PNG, JPEG or DICOM' }),
  maxTokens: option({ value: integer(2), argument: 'n', help: 'maximum number of tokens of a text', defaultWords: "the encoder's own limit" }),
  out: option({ value: string(), argument: 'file', help: 'safetensors file to write' }),
  ...partOptions,
  ...deviceOptions,
  ...jsonOption,
};

type Context = CommandContext<typeof options, never>;

/** Why a combination of flags is refused, or undefined. */
function problemOf({ checkpoint, text: textEncoder, vision, texts, images, out, parts }: Values<typeof options>): string | undefined {
  if ((out === undefined) === (parts === undefined)) return 'give either --out FILE, or --parts FOLDER for a part of the work';
  if ((texts === undefined) === (images === undefined)) return 'give either --texts FILE or --images FILE...';
  if (checkpoint !== undefined) {
    const publishedEncoder = [textEncoder, vision].find((encoder) => encoder !== undefined && publishedName(encoder) !== undefined);
    return publishedEncoder === undefined
      ? undefined
      : `give either --checkpoint or ${publishedEncoder}; with a checkpoint, --text and --vision name the modules it was trained with`;
  }
  const [own, other] = images ? [vision, textEncoder] : [textEncoder, vision];
  const [flag, kind] = images ? ['--vision', 'images'] : ['--text', 'texts'];
  if (own === undefined || other !== undefined) return `for ${kind}, give --checkpoint DIR or ${flag} hf:DIR alone`;
  return publishedName(own) !== undefined ? undefined : `write hf: before the folder, as in ${flag} hf:${own}`;
}

/** Runs `use` with what gives the features, an open model or a published encoder, and with what its weights are known by. */
async function withSource<T>(
  { values, output, openDevice }: Context,
  use: (source: TextSource | ImageSource, weights: () => Promise<string>) => Promise<T>,
): Promise<T> {
  const [{ modelImages, modelTexts, publishedText, publishedVision }, { hashPublished }] = await Promise.all([
    import('@hybridmed/tasks/node'),
    import('@hybridmed/runtime/run'),
  ]);
  const { checkpoint, text: textEncoder, vision, images } = values;
  if (checkpoint !== undefined)
    return withModel({ values: { ...values, checkpoint }, openDevice }, (model) =>
      use(images ? modelImages(model) : modelTexts(model), () => model.contentHash()),
    );
  const device = await openDevice();
  const path = publishedName(images ? vision! : textEncoder!)!;
  const source = await (images ? publishedVision : publishedText)(path, device, (line) => output.log(line));
  return use(source, () => hashPublished(path)).finally(() => source.close());
}

/** Runs `use` with the file of the texts or images that the options name; texts are read before anything is opened. */
async function withFile<T>(context: Context, use: (file: FeatureFile, weights: () => Promise<string>) => Promise<T>): Promise<T> {
  const { texts: textsFile, images, maxTokens } = context.values;
  const [{ readTexts }, { imageFeatureFile, textFeatureFile }] = await Promise.all([import('@hybridmed/tasks/node'), import('@hybridmed/tasks/parts')]);
  const texts = textsFile === undefined ? [] : await readTexts(textsFile);
  return withSource(context, (source, weights) =>
    use(source.kind === 'text' ? textFeatureFile(source, texts, { maxTokens }) : imageFeatureFile(source, images!), weights),
  );
}

async function embedToFile(context: Context, out: string): Promise<EmbedResult> {
  const { writeFeatureFile } = await import('@hybridmed/tasks/parts');
  return withBar(context, (onProgress) => withFile(context, (file) => writeFeatureFile(out, file, onProgress)));
}

async function embedPart(context: Context, place: CommandPart): Promise<string> {
  const { writeEmbedPart } = await import('@hybridmed/tasks/parts');
  return withBar(context, (onProgress) => withFile(context, async (file, weights) => writeEmbedPart({ ...place, weights: await weights() }, file, onProgress)));
}

/** Runs `use` with a bar of progress. */
function withBar<T>({ values: { images } }: Context, use: (onProgress: (done: number, total: number) => void) => Promise<T>): Promise<T> {
  const bar = progressBar(images ? 'images' : 'texts');
  return use((done, total) => bar.update(done, total)).finally(() => bar.stop());
}

/** What was embedded, in words. */
export const formatEmbedded = ({ out, kind, shapes, cut }: EmbedResult): string => {
  const [count, length, width] = shapes.tokens;
  return `${out}: ${count} ${kind} of ${length} tokens and ${width} features${cut > 0 ? `; ${cut} texts were truncated` : ''}\n`;
};

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
    const place = await commandPart(values, usage);
    if (place) printPart(output, values, place, await embedPart(context, place), ' --out FILE');
    else printResult(output, values, await embedToFile(context, values.out!), formatEmbedded);
  },
});
