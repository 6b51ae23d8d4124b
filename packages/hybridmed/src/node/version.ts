// The package's version, as its package.json states it.
import { readFileSync } from 'node:fs';

/** Version of the hybridmed package. */
export function version(): string {
  return (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version;
}
