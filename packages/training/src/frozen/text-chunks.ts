// The programs of a frozen front of texts: so many texts of one length at a time, so that a text's bits depend on no other text.
import type { FrozenTextFront, TextName } from '@hybridmed/model/graphs';
import type { Device, DeviceState, Graph, HostArray, Program } from '@hybridmed/tensor';
import type { ComputeTexts } from './frozen-texts.ts';

/** How texts are computed: always so many, padded to a multiple of a length, which is the encoder's greatest one at most. */
export interface TextChunk {
  readonly rows: number;
  readonly multiple: number;
  readonly pad: number;
  readonly maxTokens: number;
}

/** The length that texts of so many tokens are computed at. */
const lengthOf = (tokens: number, { multiple, maxTokens }: TextChunk): number =>
  Math.max(tokens, Math.min(maxTokens, Math.ceil(Math.max(1, tokens) / multiple) * multiple));

/** Texts as ids and mask (rows, length); the rows behind them are those of the first. */
function padded(texts: readonly Int32Array[], length: number, { rows, pad }: TextChunk): { readonly ids: HostArray; readonly mask: HostArray } {
  const shape = [rows, length];
  const ids = new Int32Array(rows * length).fill(pad);
  const mask = new Float32Array(rows * length);
  for (let row = 0; row < rows; row++) {
    const own = texts[row] ?? texts[0]!;
    ids.set(own, row * length);
    mask.fill(1, row * length, row * length + own.length);
  }
  return { ids: { data: ids, shape }, mask: { data: mask, shape } };
}

/** Programs of a front on a stage's own state, compiled where a text is first asked for. */
export function textPrograms(
  device: Device,
  state: DeviceState,
  { graphs, rest }: FrozenTextFront,
  chunk: TextChunk,
): { compute: ComputeTexts; release(): void } {
  const { shapes } = rest.textFront;
  const programs = new Map<Graph, Promise<Program>>();
  const programOf = (graph: Graph): Promise<Program> => {
    const program = programs.get(graph) ?? device.compile(graph);
    programs.set(graph, program);
    return program;
  };
  /** Features of at most `chunk.rows` texts at one length. */
  async function ofChunk(text: TextName, texts: readonly Int32Array[], length: number): Promise<Float32Array[]> {
    const { features } = await (await programOf(graphs[text])).run({ ...padded(texts, length, chunk) }, state);
    const { perToken, columns } = shapes[text];
    const each = perToken ? length * columns : columns;
    return texts.map((ids, row) => (features!.data as Float32Array).slice(row * each, row * each + (perToken ? ids.length * columns : columns)));
  }
  return {
    async compute(text, texts) {
      const lengths = texts.map((ids) => lengthOf(ids.length, chunk));
      const features: Float32Array[] = [];
      for (const length of new Set(lengths)) {
        const own = [...texts.keys()].filter((i) => lengths[i] === length);
        for (let from = 0; from < own.length; from += chunk.rows) {
          const part = own.slice(from, from + chunk.rows);
          const made = await ofChunk(
            text,
            part.map((i) => texts[i]!),
            length,
          );
          part.forEach((i, at) => (features[i] = made[at]!));
        }
      }
      return features;
    },
    release() {
      for (const program of programs.values()) void program.then((own) => own.release?.());
    },
  };
}
