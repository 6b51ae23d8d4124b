// One GET to a hub, with its redirects: the token goes to the endpoint alone, and no address with what may be a secret in it is ever repeated.
import { HybridmedError } from '@hybridmed/tensor';
import { version } from '../version.ts';
import type { HubSettings } from './hub-settings.ts';

/** A hub that could not be reached, or that may answer when asked again. */
export class HubUnreachableError extends HybridmedError {}

/** An answer that is none of what was asked for. */
export class HubAnswerError extends HybridmedError {
  readonly status: number;
  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

const maxRedirects = 5;
const redirects = new Set([301, 302, 303, 307, 308]);

/** Why a connection failed, in a word. */
const causeOf = (error: unknown): string => {
  const { cause, name } = error as { cause?: { code?: string }; name?: string };
  return cause?.code ?? (name === 'TimeoutError' || name === 'AbortError' ? 'no answer in time' : 'the connection broke');
};

/** Where a redirect leads. Throws one line for one that leads nowhere, or from https to what anybody can read. */
function nextTarget(label: string, from: URL, location: string | null): URL {
  const next = location !== null && URL.canParse(location, from) ? new URL(location, from) : undefined;
  if (!next || !/^https?:$/.test(next.protocol)) throw new HybridmedError(`${label}: ${from.host} redirects to no address; try again later`);
  if (from.protocol === 'https:' && next.protocol === 'http:')
    throw new HybridmedError(`${label}: ${from.host} redirects to ${next.host} without encryption, which is not followed; check HF_ENDPOINT`);
  return next;
}

/** Asks for an address and follows redirects; `label` names in messages what is asked for. Gives any answer that is no redirect. */
export async function requestHub(
  { endpoint, token }: Pick<HubSettings, 'endpoint' | 'token'>,
  address: string,
  { label, headers = {}, signal }: { readonly label: string; readonly headers?: Readonly<Record<string, string>>; readonly signal?: AbortSignal },
): Promise<Response> {
  const { origin } = new URL(endpoint);
  let target = new URL(address);
  // Whoever else is asked on the way is not trusted with the way back.
  let isOwn = true;
  for (let hop = 0; hop <= maxRedirects; hop++) {
    isOwn &&= target.origin === origin;
    const authorization: Record<string, string> = isOwn && token !== undefined ? { authorization: `Bearer ${token}` } : {};
    const response = await fetch(target, {
      redirect: 'manual',
      // Ranges count the bytes that are sent: they must be the file's.
      headers: { ...headers, 'accept-encoding': 'identity', 'user-agent': `hybridmed/${version()}`, ...authorization },
      ...(signal ? { signal } : {}),
    }).catch((error: unknown) => {
      throw new HubUnreachableError(
        `${label}: ${target.host} cannot be reached (${causeOf(error)}); check the network and HF_ENDPOINT, or set HF_HUB_OFFLINE=1 for what is in the cache`,
      );
    });
    if (!redirects.has(response.status)) return response;
    await response.body?.cancel();
    target = nextTarget(label, target, response.headers.get('location'));
  }
  throw new HybridmedError(`${label}: more than ${maxRedirects} redirects; check HF_ENDPOINT`);
}

/** Throws one line for an answer that is a refusal, and what to do. */
export async function checkAnswer(response: Response, label: string): Promise<void> {
  const { status, headers, ok } = response;
  if (ok) return;
  await response.body?.cancel();
  const code = headers.get('x-error-code');
  if (status === 429 || status >= 500) throw new HubUnreachableError(`${label}: the hub answers ${status}; try again later`);
  if (code === 'GatedRepo') throw new HubAnswerError(`${label}: its owners have to grant access; ask them on its page, and set HF_TOKEN`, status);
  if (code === 'RevisionNotFound') throw new HubAnswerError(`${label}: has no such revision; check the name after @`, status);
  if (status === 401 || status === 403)
    throw new HubAnswerError(
      `${label}: the hub refuses access (${status}), or there is no such model; check the name, and set HF_TOKEN if it is private`,
      status,
    );
  if (status === 404) throw new HubAnswerError(`${label}: the hub has no such model or revision; check the name`, status);
  throw new HubAnswerError(`${label}: the hub answers ${status}; check the name and HF_ENDPOINT`, status);
}
