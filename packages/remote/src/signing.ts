// Requests signed one by one with the keys of the environment: SigV4 for S3 and what speaks it, HMAC keys for Google Cloud Storage.
import { AwsClient } from 'aws4fetch';
import { safeUrl } from './headers-file.ts';
import { RemoteError } from './remote-error.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** A kind of storage whose requests are signed. Both take AWS Signature Version 4 with the service `s3`. */
interface Storage {
  readonly name: string;
  /** Variables of the key, of its secret, and of an address that stands for the storage's own. */
  readonly id: string;
  readonly secret: string;
  readonly token?: string;
  readonly endpoint: string;
  isOwn(host: string): boolean;
  region(environment: Environment, host: string): string;
}

const storages: readonly Storage[] = [
  {
    name: 'S3',
    id: 'AWS_ACCESS_KEY_ID',
    secret: 'AWS_SECRET_ACCESS_KEY',
    token: 'AWS_SESSION_TOKEN',
    endpoint: 'AWS_ENDPOINT_URL_S3',
    // Of the storage alone: other services of the same cloud get no signature that is valid for it.
    isOwn: (host) => /(?:^|\.)s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?$/.test(host),
    region: ({ AWS_REGION: region, AWS_DEFAULT_REGION: usual }, host) =>
      /(?:^|\.)s3[.-]([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\./.exec(host)?.[1] ?? region ?? usual ?? 'us-east-1',
  },
  {
    name: 'Google Cloud Storage',
    id: 'GCS_HMAC_ACCESS_ID',
    secret: 'GCS_HMAC_SECRET',
    endpoint: 'GCS_ENDPOINT_URL',
    isOwn: (host) => host === 'storage.googleapis.com' || host.endsWith('.storage.googleapis.com'),
    region: () => 'auto',
  },
];

/** What signs requests to an address; undefined where the environment holds no keys for it. Throws a RemoteError for a key without its secret. */
export function signerOf(url: URL, environment: Environment): AwsClient | undefined {
  const storage = storages.find(({ endpoint, isOwn }) => {
    const own = environment[endpoint];
    return own ? safeUrl(own)?.origin === url.origin : url.protocol === 'https:' && isOwn(url.hostname);
  });
  if (!storage) return undefined;
  const [accessKeyId, secretAccessKey] = [environment[storage.id], environment[storage.secret]];
  if (!accessKeyId && !secretAccessKey) return undefined;
  if (!accessKeyId || !secretAccessKey) throw new RemoteError(`${storage.name}: give both ${storage.id} and ${storage.secret}`);
  const sessionToken = storage.token === undefined ? undefined : environment[storage.token];
  const region = storage.region(environment, url.hostname);
  return new AwsClient({ accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}), service: 's3', region, retries: 0 });
}
