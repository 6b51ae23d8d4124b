// Fetching from servers that want headers or signed requests, in Node.
export { fetchAll, fetchRange } from './fetch-bytes.ts';
export type { FetchOptions } from './fetch-bytes.ts';
export { headersVariable, readHeadersFile } from './headers-file.ts';
export type { OriginHeaders } from './headers-file.ts';
export { RemoteError } from './remote-error.ts';
export { checkAddress, remoteFetch } from './remote-fetch.ts';
export type { RemoteRequest } from './remote-fetch.ts';
