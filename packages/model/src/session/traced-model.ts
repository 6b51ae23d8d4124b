// The model behind a session, for tasks that need more of it than its outputs.
import type { ModelSession, TracedModel } from './session.ts';
import { checkpointNeededError } from './session-error.ts';

/** The model on its device. Throws a SessionError where there is none: `purpose` says what needs it. */
export function tracedModel({ info, traced }: ModelSession, purpose: string): TracedModel {
  if (!traced) throw checkpointNeededError(info.source, purpose);
  return traced;
}
