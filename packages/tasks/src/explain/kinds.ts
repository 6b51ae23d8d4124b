// Which kinds of map a model can make: what each needs of it, as data.
import type { PartName } from '@hybridmed/model';
import type { ModelSession } from '@hybridmed/model/session';
import { noGradientError, SessionError, tracedModel } from '@hybridmed/model/session';
import type { MapKind } from './maps.ts';
import { mapKinds } from './maps.ts';

/** What a kind needs: parts, and of the traced model gradients or attention weights. */
interface Needs {
  readonly parts: readonly PartName[];
  readonly traced?: 'gradients' | 'attention';
}

const needs: Readonly<Record<MapKind, Needs>> = {
  guided: { parts: ['caption', 'align', 'removal'], traced: 'gradients' },
  removal: { parts: ['caption', 'removal'] },
  gradient: { parts: ['caption', 'align'], traced: 'gradients' },
  alignment: { parts: ['align'] },
  attention: { parts: ['caption'], traced: 'attention' },
  cls: { parts: ['vision'], traced: 'attention' },
};

/** Throws a SessionError that says why a model cannot make a kind of map. */
function checkKind(model: ModelSession, kind: MapKind): void {
  const { parts, traced } = needs[kind];
  const whole = traced && tracedModel(model, `a map of kind "${kind}"`);
  for (const part of parts) model.require(part);
  if (traced === 'gradients' && whole?.checkpoint.model.vision.frozen) throw noGradientError(model.info.source);
}

function isPossible(model: ModelSession, kind: MapKind): boolean {
  try {
    checkKind(model, kind);
    return true;
  } catch (error) {
    if (error instanceof SessionError) return false;
    throw error;
  }
}

/** The kinds that a model can make, the one that points best first. */
export const possibleKinds = (model: ModelSession): readonly MapKind[] => mapKinds.filter((kind) => isPossible(model, kind));

/** The kinds to make: those named, or all that the model allows, or by default the one of them that points best. Throws a SessionError for a kind that it does not allow. */
export function chooseKinds(model: ModelSession, kinds: readonly MapKind[] | 'all' | undefined): readonly MapKind[] {
  if (kinds !== 'all' && kinds !== undefined) {
    for (const kind of kinds) checkKind(model, kind);
    return mapKinds.filter((kind) => kinds.includes(kind));
  }
  const possible = possibleKinds(model);
  if (possible.length === 0) checkKind(model, 'alignment');
  return kinds === 'all' ? possible : possible.slice(0, 1);
}
