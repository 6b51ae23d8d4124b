// Writing impressions with exported graphs, whoever runs them: encoder once, prefill at the first token, decode with a growing past.
import type { Stepper } from '@hybridmed/decoder';
import type { HostArray, HostArrays } from '@hybridmed/tensor';
import type { SpecialTokens } from '../model/config.ts';
import { takeRows } from '../host-arrays.ts';
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
  /** Whether the branch copies tokens of what it reads: its graphs take `memory_ids`. */
  readonly copies?: boolean;
  readonly vocabularySize: number;
  /** Max number of new tokens. */
  readonly maxTokens: number;
}

const startingWith = (arrays: HostArrays, prefix: string): Record<string, HostArray> =>
  Object.fromEntries(Object.entries(arrays).filter(([name]) => name.startsWith(prefix)));

/** Steps over a memory (B, S, D) and what is said of its rows (B, S): the cross-attention's keys and values stay, those of self-attention grow and follow their rows' parents. */
function growingStepper({ prefill, decode, vocabularySize, maxTokens }: ExportedBranch, memory: HostArray, about: HostArrays): Stepper {
  let [memoryRows, aboutRows]: [HostArray, HostArrays] = [memory, about];
  let [past, cross]: [HostArrays, HostArrays] = [{}, {}];
  const ofRows = (arrays: HostArrays, rows: Int32Array): HostArrays =>
    Object.fromEntries(Object.entries(arrays).map(([name, value]) => [name, takeRows(value, rows)]));
  /** Keeps the present keys and values as the next token's past; gives the logits. */
  const advance = ({ logits, ...rest }: HostArrays): Float32Array => {
    past = Object.fromEntries(Object.entries(startingWith(rest, 'present.')).map(([name, value]) => [name.replace('present', 'past'), value]));
    return logits!.data as Float32Array;
  };
  return {
    vocabulary: vocabularySize,
    maxTokens,
    async start(studies, texts) {
      const rows = Int32Array.from({ length: studies * texts }, (_, row) => Math.floor(row / texts));
      [memoryRows, aboutRows] = [takeRows(memory, rows), ofRows(about, rows)];
    },
    async step(ids, parents, position) {
      const tokens = { ids: { data: ids, shape: [ids.length, 1] } };
      if (position > 0) {
        // Where studies have left, so has what is kept of their memory.
        const before = Object.values(past)[0]!.shape[0]!;
        if (parents.length < before) [cross, aboutRows] = [ofRows(cross, parents), ofRows(aboutRows, parents)];
        if (parents.length < before || parents.some((parent, row) => parent !== row)) past = ofRows(past, parents);
        return advance(await decode.run({ ...tokens, ...past, ...cross, ...aboutRows }));
      }
      const first = await prefill.run({ ...tokens, memory: memoryRows, ...aboutRows });
      cross = startingWith(first, 'cross.');
      return advance(first);
    },
  };
}

/** A generator over exported graphs, with the interface of one over a checkpoint. */
export function exportedGenerator(branch: ExportedBranch): Generator {
  return {
    async generate(inputs, search, events) {
      const mask = inputs.findings_mask;
      const { memory } = await branch.encoder.run(branch.branch === 'image' ? { image: inputs.image! } : { ids: inputs.findings!, mask: mask! });
      const about: HostArrays = branch.branch === 'image' ? {} : { memory_mask: mask!, ...(branch.copies ? { memory_ids: inputs.findings! } : {}) };
      const stepper = growingStepper(branch, memory!, about);
      return searchWith(stepper, { studies: memory!.shape[0]!, special: branch.special }, search, events);
    },
  };
}
