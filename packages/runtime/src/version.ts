// The package's version, as its package.json states it.
import { readFileSync } from 'node:fs';

/** Version of this package, which all packages of the project share. */
export function version(): string {
  return (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version;
}
