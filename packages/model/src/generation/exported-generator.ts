// Writing impressions with exported graphs, whoever runs them: encoder once, prefill at the first token, decode with a growing past.
import type { Stepper } from '@hybridmed/decoder';
import type { HostArray, HostArrays } from '@hybridmed/tensor';
import type { SpecialTokens } from '../model/config.ts';
import type { Branch } from '../model/model.ts';
import type { Generator } from './generator.ts';
import { searchWith } from './generator.ts';

/** Something that runs one exported graph: ONNX Runtime in Node or in the browser, behind a function of named arrays. */
export interface GraphRunner {
  run(inputs: HostArrays): Promise<HostArrays>;
}

/** A branch's exported graphs, and what the manifest says of its decoder. */
export interface ExportedBranch {
  readonly branch: Branch;
  readonly encoder: GraphRunner;
  readonly prefill: GraphRunner;
  readonly decode: GraphRunner;
  readonly special: SpecialTokens;
  readonly vocabulary: number;
  /** Greatest number of new tokens. */
  readonly maxTokens: number;
}

/** Rows of an array by index; the array itself where they are all of its rows in order. */
function rowsOf({ data, shape }: HostArray, rows: Int32Array): HostArray {
  if (rows.length === shape[0] && rows.every((row, i) => row === i)) return { data, shape };
  const size = shape.slice(1).reduce((a, b) => a * b, 1);
  const picked = data instanceof Int32Array ? new Int32Array(rows.length * size) : new Float32Array(rows.length * size);
  rows.forEach((row, i) => picked.set(data.subarray(row * size, (row + 1) * size), i * size));
  return { data: picked, shape: [rows.length, ...shape.slice(1)] };
}

const startingWith = (arrays: HostArrays, prefix: string): Record<string, HostArray> =>
  Object.fromEntries(Object.entries(arrays).filter(([name]) => name.startsWith(prefix)));

/** Steps over a memory (B, S, D): the cross-attention's keys and values stay, those of self-attention grow and follow their rows' parents. */
function growingStepper({ prefill, decode, vocabulary, maxTokens }: ExportedBranch, memory: HostArray, mask: HostArray | undefined): Stepper {
  let [read, seen]: [HostArray, HostArrays] = [memory, {}];
  let [past, cross]: [HostArrays, HostArrays] = [{}, {}];
  const keep = ({ logits, ...rest }: HostArrays): Float32Array => {
    past = Object.fromEntries(Object.entries(startingWith(rest, 'present.')).map(([name, value]) => [name.replace('present', 'past'), value]));
    return logits!.data as Float32Array;
  };
  return {
    vocabulary,
    maxTokens,
    async start(rows) {
      read = rowsOf(memory, rows);
      seen = mask ? { memory_mask: rowsOf(mask, rows) } : {};
    },
    async step(ids, parents, position) {
      const tokens = { ids: { data: ids, shape: [ids.length, 1] } };
      if (position > 0) {
        const followed = Object.fromEntries(Object.entries(past).map(([name, value]) => [name, rowsOf(value, parents)]));
        return keep(await decode.run({ ...tokens, ...followed, ...cross, ...seen }));
      }
      const first = await prefill.run({ ...tokens, memory: read, ...seen });
      cross = startingWith(first, 'cross.');
      return keep(first);
    },
  };
}

/** A generator over exported graphs, with the interface of one over a checkpoint. */
export function exportedGenerator(branch: ExportedBranch): Generator {
  return {
    async generate(inputs, search) {
      const mask = inputs.findings_mask;
      const { memory } = await branch.encoder.run(branch.branch === 'image' ? { image: inputs.image! } : { ids: inputs.findings!, mask: mask! });
      const stepper = growingStepper(branch, memory!, branch.branch === 'image' ? undefined : mask);
      return searchWith(stepper, { studies: memory!.shape[0]!, special: branch.special }, search);
    },
  };
}
