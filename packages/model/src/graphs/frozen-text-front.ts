// The frozen front of a text encoder: what training leaves as it is from the token ids on, as graphs of its own, and the model that is trained on what they make.
import type { Scope, TextChain, TextLayer } from '@hybridmed/nn';
import { parameterSpecs, rootScope } from '@hybridmed/nn';
import type { Graph, Tensor, TensorSpec } from '@hybridmed/tensor';
import { ops, trace } from '@hybridmed/tensor';
import type { TextName } from '../model/batch-fields.ts';
import type { Model } from '../model/model.ts';
import type { TextFeatureShape, TextFront } from '../model/text-front.ts';
import { areFrozen, namesUnder } from './frozen-names.ts';

/** What of a text encoder is computed once for each text. */
export interface FrozenTextFront {
  /** How far it goes, in words: `all of text` or `text up to LAYER`. */
  readonly extent: string;
  /** For each text of a study: `ids` and `mask` (B, L) and the front's parameters under the model's names -> `features`, (B, L, columns) or (B, columns), without dropout. */
  readonly graphs: Readonly<Record<TextName, Graph>>;
  /** The model behind it. */
  readonly rest: Model & { readonly textFront: TextFront };
}

const prefix = 'text.';

const data: Readonly<Record<'ids' | 'mask', TensorSpec>> = { ids: { shape: ['B', 'L'], dtype: 'i32' }, mask: { shape: ['B', 'L'], dtype: 'f32' } };

type Call = (scope: Scope, ids: Tensor, mask: Tensor) => Tensor;

const callLayers = (layers: readonly TextLayer[], scope: Scope, h: Tensor, mask: Tensor): Tensor =>
  layers.reduce((value, layer) => layer.call(scope, value, mask), h);

/**
 * The frozen front of a model's text encoder: all of it where training changes nothing in it, or the first layers of its chain whose
 * parameters are all frozen; undefined where there is none. Of an encoder that is all frozen, findings are kept as their tokens' vectors,
 * each with the token's importance behind it where there is one, and an impression as its one vector.
 */
export function frozenTextFront(model: Model): FrozenTextFront | undefined {
  const { text, parameters } = model;
  const names = namesUnder(prefix, parameters);
  if (areFrozen(prefix, names, parameters)) return wholeFront(model, names);
  const layers = text.chain?.layers ?? [];
  const trained = layers.findIndex(({ parameters: own }) => !areFrozen(prefix, Object.keys(own), parameters));
  const count = trained < 0 ? layers.length : trained;
  return count === 0 ? undefined : firstLayers(model, text.chain!, count);
}

function graphOf(model: Model, names: readonly string[], call: Call): Graph {
  const state = parameterSpecs(Object.fromEntries(names.map((name) => [prefix + name, model.parameters[prefix + name]!])));
  return trace({ data, state }, ({ ids, mask }, values) => ({ results: { features: call(rootScope(values).child('text'), ids!, mask!) } }));
}

/** Features of a graph: `[B, L, columns]` or `[B, columns]`. */
function shapeOf(graph: Graph): TextFeatureShape {
  const { shape } = graph.results['features']!;
  return { perToken: shape.length === 3, columns: shape.at(-1) as number };
}

function front(model: Model, extent: string, names: readonly string[], graphs: FrozenTextFront['graphs'], read: TextFront['read']): FrozenTextFront {
  const shapes = { findings: shapeOf(graphs.findings), impression: shapeOf(graphs.impression) };
  const textFront: TextFront = { shapes, parameters: new Set(names.map((name) => prefix + name)), read };
  return { extent, graphs, rest: { ...model, textFront } };
}

function wholeFront(model: Model, names: readonly string[]): FrozenTextFront {
  const { text } = model;
  const { width } = text;
  const findings: Call = (scope, ids, mask) => {
    const { tokens, importance } = text.call(scope, ids, mask);
    return importance ? ops.concat([tokens, ops.reshape(importance, [...importance.shape, 1])], 2) : tokens;
  };
  const graphs = { findings: graphOf(model, names, findings), impression: graphOf(model, names, (scope, ids, mask) => text.call(scope, ids, mask).global) };
  return front(model, 'all of text', names, graphs, {
    findings(_, features) {
      const [batch, length, columns] = features.shape as [Tensor['shape'][number], Tensor['shape'][number], number];
      if (columns === width) return { tokens: features };
      return { tokens: ops.narrow(features, 2, 0, width), importance: ops.reshape(ops.narrow(features, 2, width, 1), [batch, length]) };
    },
    impression: (_, features) => ({ global: features }),
  });
}

function firstLayers(model: Model, { layers, features }: TextChain, count: number): FrozenTextFront {
  const [own, rest] = [layers.slice(0, count), layers.slice(count)];
  const names = own.flatMap(({ parameters }) => Object.keys(parameters));
  const graph = graphOf(model, names, (scope, ids, mask) => callLayers(own, scope, ids, mask));
  const read = (scope: Scope, h: Tensor, mask: Tensor) => features(scope, callLayers(rest, scope, h, mask), mask);
  return front(model, `text up to ${own.at(-1)!.name}`, names, { findings: graph, impression: graph }, { findings: read, impression: read });
}
