// The order of nodes in a file, from which ONNX Runtime makes its own order of work.

/** One node of the file. */
export interface FileNode {
  opType: string;
  domain: string;
  input: string[];
  output: string[];
  attribute: object[];
}

/** A value that only outputs read, or sums that do: what computes it, and where that stood. */
interface End {
  readonly at: number;
  readonly nodes: readonly FileNode[];
}

const isAlias = ({ opType }: FileNode): boolean => opType === 'Identity';

/**
 * The nodes in an order from which ONNX Runtime computes each end of the graph (each weight's gradient) as soon as it can. ONNX Runtime takes
 * the nodes that nothing reads, the last of the file first, and computes what each of them needs. As traced, the last would be the gradient
 * of the first layer: the whole backward pass would run before any other weight's gradient, with all activations and their gradients kept
 * until then, recomputed ones too. So the ends come last, in reverse. A summand of an end (a weight that is used twice) gets an end of its
 * own, `marks`: the size of it, an output that nobody reads.
 */
export function endsAsTraced(nodes: readonly FileNode[]): { ordered: FileNode[]; marks: string[] } {
  const position = new Map(nodes.flatMap((node, at) => node.output.map((name) => [name, at] as const)));
  const readers = new Map<string, FileNode[]>();
  for (const node of nodes) for (const name of new Set(node.input)) readers.set(name, [...(readers.get(name) ?? []), node]);
  const readersOf = ({ output }: FileNode): FileNode[] => output.flatMap((name) => readers.get(name) ?? []);
  const isEnd = (node: FileNode): boolean => !isAlias(node) && readersOf(node).every(isAlias);
  const ends: End[] = nodes.flatMap((node, at) => {
    if (isAlias(node)) {
      const source = position.get(node.input[0]!);
      return source !== undefined && isEnd(nodes[source]!) ? [] : [{ at: source ?? -1, nodes: [node] }];
    }
    return isEnd(node) ? [{ at, nodes: [node, ...readersOf(node)] }] : [];
  });
  const summands = ends
    .flatMap(({ nodes: [node] }) => (node!.opType === 'Add' ? node!.input : []))
    .filter((name) => readers.get(name)!.length === 1 && position.has(name));
  const marks = summands.map((name, i): End & { readonly name: string } => {
    const mark = `mark.${i}`;
    return { at: position.get(name)!, name: mark, nodes: [{ opType: 'Size', domain: '', input: [name], output: [mark], attribute: [] }] };
  });
  const moved = new Set(ends.flatMap((end) => end.nodes));
  const last = [...ends, ...marks].toSorted((a, b) => b.at - a.at);
  return { ordered: [...nodes.filter((node) => !moved.has(node)), ...last.flatMap((end) => end.nodes)], marks: marks.map(({ name }) => name) };
}
