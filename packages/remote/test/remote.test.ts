// Requests as servers see them: headers and signatures of their own origin, and nothing of another one's.
import { createHash, createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { headersVariable, readHeadersFile, remoteFetch } from '@hybridmed/remote';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { signerOf } from '../src/signing.ts';

const folder = mkdtempSync(join(tmpdir(), 'remote-'));
const secret = 'the-secret-of-the-key';
const seen: { server: string; url: string; headers: IncomingMessage['headers'] }[] = [];

/** The signature that a request should have [AWS Signature Version 4], from what arrived and the secret. */
function expectedSignature({ method = '', url = '', headers }: IncomingMessage): string | undefined {
  const [, date, region, service, names] =
    /Credential=[^/]+\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+),/.exec(headers.authorization ?? '') ?? [];
  if (names === undefined) return undefined;
  const [path, query = ''] = url.split('?');
  const canonical = names.split(';').map((name) => `${name}:${String(headers[name]).trim()}\n`);
  const request = [method, path, query, canonical.join(''), names, headers['x-amz-content-sha256']].join('\n');
  const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
  const scope = `${date}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, createHash('sha256').update(request).digest('hex')].join('\n');
  return hmac(hmac(hmac(hmac(hmac(`AWS4${secret}`, date!), region!), service!), 'aws4_request'), toSign).toString('hex');
}

const servers: Server[] = [];
async function serve(name: string, answer: (request: IncomingMessage) => { status: number; location?: string }): Promise<string> {
  const server = createServer((request, response) => {
    seen.push({ server: name, url: request.url ?? '', headers: request.headers });
    const { status, location } = answer(request);
    response.writeHead(status, location === undefined ? {} : { location }).end(`from ${name}`);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

let [signed, open, redirecting] = ['', '', ''];
beforeAll(async () => {
  signed = await serve('signed', (request) => {
    const signature = /Signature=([0-9a-f]{64})/.exec(request.headers.authorization ?? '')?.[1];
    return { status: signature !== undefined && signature === expectedSignature(request) ? 200 : 403 };
  });
  open = await serve('open', () => ({ status: 200 }));
  redirecting = await serve('redirecting', ({ url = '' }) => ({
    status: 302,
    location: url === '/self' ? '/self' : url === '/file' ? 'file:///etc/passwd' : `${open}/there`,
  }));
});
afterEach(() => {
  seen.length = 0;
  for (const name of [
    headersVariable,
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_SESSION_TOKEN',
    'AWS_ENDPOINT_URL_S3',
    'GCS_HMAC_ACCESS_ID',
    'GCS_HMAC_SECRET',
    'GCS_ENDPOINT_URL',
  ])
    delete process.env[name];
});
afterAll(() => {
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true });
});

/** Has requests send headers. */
function giveHeaders(headers: object): void {
  const file = join(folder, `${Math.random()}.json`);
  writeFileSync(file, JSON.stringify(headers));
  process.env[headersVariable] = file;
}

describe('signatures', () => {
  test.each([
    ['S3', { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: secret }, 'AWS_ENDPOINT_URL_S3'],
    ['S3 with a session', { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: 'token' }, 'AWS_ENDPOINT_URL_S3'],
    ['Google Cloud Storage', { GCS_HMAC_ACCESS_ID: 'key', GCS_HMAC_SECRET: secret }, 'GCS_ENDPOINT_URL'],
  ])('of %s are what the server computes, of ranges too', async (_, keys, endpoint) => {
    Object.assign(process.env, keys, { [endpoint]: signed });
    expect((await remoteFetch(`${signed}/bucket/a%20b/train-000000.tar`, { headers: { range: 'bytes=0-9' } })).status).toBe(200);
    expect(seen[0]!.headers.range).toBe('bytes=0-9');
    expect(seen[0]!.headers['x-amz-security-token']).toBe('AWS_SESSION_TOKEN' in keys ? 'token' : undefined);
    expect(JSON.stringify(seen)).not.toContain(secret);
    // Another secret is another signature.
    Object.assign(
      process.env,
      Object.fromEntries(
        Object.keys(keys)
          .filter((name) => name.includes('SECRET'))
          .map((name) => [name, 'wrong']),
      ),
    );
    expect((await remoteFetch(`${signed}/bucket/x`)).status).toBe(403);
    // No other server gets one.
    await remoteFetch(`${open}/x`);
    expect(seen.at(-1)!.headers.authorization).toBeUndefined();
  });

  test('are for the hosts of the storage alone, by HTTPS', () => {
    const environment = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', GCS_HMAC_ACCESS_ID: 'c', GCS_HMAC_SECRET: 'd', AWS_REGION: 'eu-north-1' };
    const signerFor = (address: string) => signerOf(new URL(address), environment);
    expect(signerFor('https://bucket.s3.eu-central-1.amazonaws.com/x')).toMatchObject({ accessKeyId: 'a', region: 'eu-central-1', service: 's3' });
    expect(signerFor('https://s3.amazonaws.com/bucket/x')).toMatchObject({ region: 'eu-north-1' });
    expect(signerFor('https://bucket.storage.googleapis.com/x')).toMatchObject({ accessKeyId: 'c', region: 'auto' });
    for (const other of [
      'http://bucket.s3.amazonaws.com/x',
      'https://s3.amazonaws.com.evil.example/x',
      'https://evils3.amazonaws.com/x',
      'https://lambda.eu-central-1.amazonaws.com/x',
      'https://storage.googleapis.com.evil.example/x',
    ])
      expect(signerFor(other), other).toBeUndefined();
    expect(() => signerOf(new URL('https://s3.amazonaws.com/x'), { AWS_ACCESS_KEY_ID: 'a' })).toThrow(
      'S3: give both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    );
  });
});

describe('headers', () => {
  test('go to their own origin', async () => {
    giveHeaders({ [open]: { Authorization: 'Bearer of-open' } });
    expect(await (await remoteFetch(`${open}/x`, { headers: { range: 'bytes=1-2' } })).text()).toBe('from open');
    await remoteFetch(`${signed}/x`);
    expect(seen.map(({ headers }) => [headers.authorization, headers.range])).toEqual([
      ['Bearer of-open', 'bytes=1-2'],
      [undefined, undefined],
    ]);
  });

  test('a redirect gets those of where it leads, not of where it came from', async () => {
    giveHeaders({ [redirecting]: { authorization: 'Bearer of-redirecting', cookie: 'a=b' } });
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: secret, AWS_ENDPOINT_URL_S3: redirecting });
    expect(await (await remoteFetch(`${redirecting}/x`, { headers: { range: 'bytes=0-1' } })).text()).toBe('from open');
    const [first, second] = seen;
    expect(first!.headers.cookie).toBe('a=b');
    expect([second!.server, second!.headers.authorization, second!.headers.cookie, second!.headers.range]).toEqual(['open', undefined, undefined, 'bytes=0-1']);
    expect(Object.keys(second!.headers).filter((name) => name.startsWith('x-amz'))).toEqual([]);
  });

  test('redirects without end, and to what is no web address, are refused', async () => {
    await expect(remoteFetch(`${redirecting}/self`)).rejects.toThrow('more than 5 times');
    await expect(remoteFetch(`${redirecting}/file`)).rejects.toThrow('leads to an address that is not followed (file:)');
  });

  test.each([
    ['[]', 'holds no headers by origin'],
    ['{"data.example": {}}', '"data.example" is no origin'],
    ['{"https://data.example/path": {}}', 'is no origin'],
    ['{"https://data.example": {"host": "x"}}', '"host" of https://data.example is no header to give'],
    ['{"https://data.example": {"a b": "x"}}', 'is no header to give'],
    ['{"https://data.example": {"authorization": "hidden\\nx: y"}}', 'the value of "authorization" of https://data.example is no text of one line'],
    ['{"https://data.example": {"authorization": hidden}}', 'is not JSON'],
  ])('%s is refused without its values', (content, line) => {
    const file = join(folder, 'bad.json');
    writeFileSync(file, content);
    const message = (() => {
      try {
        readHeadersFile(file);
        return '';
      } catch (error) {
        return (error as Error).message;
      }
    })();
    expect(message).toContain(`${file}: `);
    expect(message).toContain(line);
    expect(message).not.toContain('hidden');
  });
});

test('addresses that hold credentials are refused, and not repeated', async () => {
  for (const address of ['https://user:hidden@data.example/x', 'https://data.example/x?X-Amz-Signature=hidden']) {
    const { message } = await remoteFetch(address).then(
      () => new Error('fetched'),
      (error: Error) => error,
    );
    expect(message).toContain('https://data.example/x: its address holds a password or a query');
    expect(message).not.toContain('hidden');
  }
});
