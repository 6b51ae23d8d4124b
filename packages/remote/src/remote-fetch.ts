// Fetching with what each origin wants: given headers, or a signature. A redirect gets those of where it leads, never those of where it came from.
import type { OriginHeaders } from './headers-file.ts';
import { headersVariable, readHeadersFile, safeUrl } from './headers-file.ts';
import { RemoteError } from './remote-error.ts';
import { signerOf } from './signing.ts';

const maxRedirects = 5;

let known: { readonly path: string; readonly headers: OriginHeaders } | undefined;

function givenHeaders(environment: NodeJS.ProcessEnv): OriginHeaders {
  const path = environment[headersVariable];
  if (!path) return {};
  if (known?.path !== path) known = { path, headers: readHeadersFile(path) };
  return known.headers;
}

/** What a request asks for, beside its address. */
export interface RemoteRequest {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/**
 * Throws a RemoteError for an address with a name and password, or with a query: a signed address is a credential, and addresses are written
 * down with what is made of them. The error does not repeat it.
 */
export function checkAddress(address: string): URL {
  const url = safeUrl(address);
  if (!url) throw new RemoteError('the address of remote data is no URL; write https://HOST/PATH');
  if (url.username !== '' || url.password !== '' || url.search !== '')
    throw new RemoteError(
      `${url.origin}${url.pathname}: its address holds a password or a query, which would be written down with all that is made of it; give headers by --http-headers, or keys in the environment`,
    );
  return url;
}

async function requestTo(url: URL, { headers = {}, signal }: RemoteRequest): Promise<Response> {
  const all = { ...headers, ...givenHeaders(process.env)[url.origin] };
  const options = { headers: all, redirect: 'manual' as const, ...(signal ? { signal } : {}) };
  const signer = signerOf(url, process.env);
  if (!signer) return fetch(url, options);
  // Signed in the headers: a signature in the address would be in logs and errors.
  const { headers: signed } = await signer.sign(url.href, { method: 'GET', headers: all });
  return fetch(url, { ...options, headers: signed });
}

/** Fetches an address, and follows up to five redirects. Throws a RemoteError for an address or credentials that cannot serve, else as `fetch` does. */
export async function remoteFetch(address: string, request: RemoteRequest = {}): Promise<Response> {
  let url = checkAddress(address);
  for (let redirects = 0; ; redirects++) {
    const response = await requestTo(url, request);
    const location = response.headers.get('location');
    if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return response;
    await response.body?.cancel();
    const next = safeUrl(new URL(location, url).href);
    if (redirects === maxRedirects) throw new RemoteError(`${address}: leads from one address to another more than ${maxRedirects} times; check the address`);
    if (!next || !/^https?:$/.test(next.protocol) || (url.protocol === 'https:' && next.protocol === 'http:'))
      throw new RemoteError(`${address}: leads to an address that is not followed (${next?.protocol ?? 'no URL'}); check the address`);
    url = next;
  }
}
