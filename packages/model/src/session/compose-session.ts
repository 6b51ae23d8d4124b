// A session from what computes a model's graphs: inputs are prepared, parts checked, texts decoded here, once for checkpoints and exports.
import type { Hypothesis } from '@hybridmed/decoder';
import { prepareSquares, prepareTexts } from '@hybridmed/inputs';
import type { HostArray, HostArrays } from '@hybridmed/tensor';
import type { Tokenizer } from '@hybridmed/text';
import type { PartName } from '../model/parts.ts';
import { partOfBranch } from '../model/parts.ts';
import type { Generator } from '../generation/generator.ts';
import type { ImageOutput, TextOutput } from '../graphs/features.ts';
import type { Branch } from '../model/model.ts';
import type { BranchInput, GeneratedText, GenerateOptions, ModelSession, Preparation, SessionInfo, TokenArrays, TracedModel } from './session.ts';
import type { SessionError } from './session-error.ts';
import type { LikelihoodInputs } from './text-likelihoods.ts';
import { textLikelihoods } from './text-likelihoods.ts';

/** What computes a model's graphs. Inputs and outputs are those of the part graphs. */
export interface GraphSource {
  readonly info: SessionInfo;
  readonly tokenizer: Tokenizer;
  readonly traced?: TracedModel;
  /** Findings as the model reads them, where that is with what was retrieved for them. */
  readonly extendFindings?: ((findings: string) => string) | undefined;
  /** Why a part cannot be used; undefined where it can. */
  problemOf(part: PartName): SessionError | undefined;
  images(outputs: readonly ImageOutput[], images: HostArray): Promise<HostArrays>;
  texts(outputs: readonly TextOutput[], texts: TokenArrays): Promise<HostArrays>;
  /** The memory of one image (1, C, H, W) by patch masks (B, N). */
  partialMemory(image: HostArray, patchMask: HostArray): Promise<HostArray>;
  /** Logits of `ids` (B, T) by `memory` and, for findings, `memory_mask`. */
  logits(branch: Branch, inputs: HostArrays): Promise<HostArray>;
  /** Log-likelihoods (K) of texts by one study's memory. */
  likelihoods(branch: Branch, inputs: LikelihoodInputs): Promise<HostArray>;
  generator(branch: Branch): Promise<Generator>;
  close(): Promise<void>;
}

/** The part that gives an output. */
export const imageParts: Readonly<Record<ImageOutput, PartName>> = {
  tokens: 'vision',
  global: 'vision',
  embedding: 'align',
  patches: 'align',
  memory: 'caption',
};

/** The part that gives an output of texts; the weights of words are used with the common space. */
export const textParts: Readonly<Record<TextOutput, PartName>> = {
  tokens: 'text',
  global: 'text',
  embedding: 'align',
  words: 'align',
  importance: 'align',
  memory: 'summarize',
};

const preparationOf = ({ image, findingsLength, impressionLength }: SessionInfo, tokenizer: Tokenizer): Preparation => ({
  images: (squares) => prepareSquares(image, squares),
  texts: (texts, section) => prepareTexts(tokenizer, texts, section === 'findings' ? findingsLength : impressionLength),
});

/** Runs one call after another: generation keeps its memory and cache in the state. */
function inTurn(): <T>(run: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (run) => {
    const next = last.then(run);
    last = next.catch(() => undefined);
    return next;
  };
}

/** The calls of a session that are about texts being written: one generator a branch, one call after another. */
function writer(source: GraphSource, arrays: (texts: TokenArrays | readonly string[]) => TokenArrays) {
  const generators = new Map<Branch, Promise<Generator>>();
  const turn = inTurn();
  const generatorOf = (branch: Branch): Promise<Generator> => {
    const generator = generators.get(branch) ?? source.generator(branch);
    generators.set(branch, generator);
    return generator;
  };
  const inputsOf = (input: BranchInput): HostArrays => {
    if ('image' in input) return { image: input.image };
    const { ids, mask } = arrays(input.findings);
    return { findings: ids, findings_mask: mask };
  };
  return {
    generate: (branch: Branch, input: BranchInput, { search, onToken, signal }: GenerateOptions): Promise<GeneratedText[]> =>
      turn(async () => {
        signal?.throwIfAborted();
        const texts = await (await generatorOf(branch)).generate(inputsOf(input), search, { onToken, signal });
        const written = ({ ids, score }: Hypothesis) => ({ text: source.tokenizer.decode([...ids]), ids, score });
        return texts.map(({ others, ...text }) => ({ ...written(text), ...(others ? { others: others.map(written) } : {}) }));
      }),
    async release(): Promise<void> {
      for (const generator of generators.values()) (await generator.catch(() => undefined))?.release?.();
      generators.clear();
    },
  };
}

/** Composes a session. */
export function composeSession(source: GraphSource): ModelSession {
  const { info, tokenizer, traced } = source;
  const prepare = preparationOf(info, tokenizer);
  const require = (part: PartName): void => {
    const problem = source.problemOf(part);
    if (problem) throw problem;
  };
  const arrays = (texts: TokenArrays | readonly string[], section: 'findings' | 'impression'): TokenArrays =>
    'ids' in texts ? texts : prepare.texts(texts, section);
  const { extendFindings = (findings: string) => findings } = source;
  const { generate, release } = writer(source, (texts) => arrays('ids' in texts ? texts : texts.map(extendFindings), 'findings'));
  return {
    info,
    tokenizer,
    prepare,
    ...(traced ? { traced } : {}),
    has: (part) => source.problemOf(part) === undefined,
    require,
    async imageFeatures(images, outputs, { patchMask, signal } = {}) {
      for (const name of outputs) require(patchMask ? 'removal' : imageParts[name]);
      signal?.throwIfAborted();
      if (!patchMask) return (await source.images(outputs, images)) as never;
      if (outputs.some((name) => name !== 'memory')) throw new RangeError('imageFeatures: of an image with patches left out there is the memory alone');
      return { memory: await source.partialMemory(images, patchMask) } as never;
    },
    async textFeatures(texts, outputs, { signal } = {}) {
      for (const name of outputs) require(textParts[name]);
      signal?.throwIfAborted();
      return (await source.texts(outputs, arrays(texts, 'impression'))) as never;
    },
    async logits(branch, { memory, mask, memoryIds, ids }, { signal } = {}) {
      require(partOfBranch[branch]);
      signal?.throwIfAborted();
      const copies = branch === 'findings' && info.copies;
      if (copies && !memoryIds) throw new RangeError('logits: the findings branch copies tokens of the findings; give their ids as memoryIds');
      return source.logits(branch, { ids, memory, ...(mask ? { memory_mask: mask } : {}), ...(copies && memoryIds ? { memory_ids: memoryIds } : {}) });
    },
    async logLikelihoods(branch, input, ofTexts, { signal } = {}) {
      require(partOfBranch[branch]);
      const { special, maxTokens } = info;
      return textLikelihoods((inputs) => source.likelihoods(branch, inputs), input, ofTexts, { tokenizer, special, maxTokens, signal });
    },
    async generate(input, options = {}) {
      const branch: Branch = 'image' in input ? 'image' : 'findings';
      require(partOfBranch[branch]);
      return generate(branch, input, options);
    },
    async close() {
      await release();
      await source.close();
    },
  };
}
