// Cycles of a directed graph: its strongly connected components of more than one node [Tarjan 1972].

/** Each cycle's nodes, sorted. `edges` has the nodes that each node points to; others than its keys do not count. */
export function cycles(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const components: string[][] = [];
  const visit = (node: string): number => {
    const own = index.size;
    index.set(node, own);
    low.set(node, own);
    stack.push(node);
    for (const next of edges.get(node)!) {
      if (!edges.has(next)) continue;
      if (!index.has(next)) low.set(node, Math.min(low.get(node)!, visit(next)));
      else if (stack.includes(next)) low.set(node, Math.min(low.get(node)!, index.get(next)!));
    }
    if (low.get(node) === own) {
      const component = stack.splice(stack.indexOf(node));
      if (component.length > 1) components.push(component.toSorted());
    }
    return low.get(node)!;
  };
  for (const node of edges.keys()) if (!index.has(node)) visit(node);
  return components;
}
