// What probes share: modules as a checkout resolves them, with names looked up as that checkout has them, and where the answer goes.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [asked, answered] = process.argv.slice(2);

/** What the comparison asks. */
export const input = JSON.parse(readFileSync(asked, 'utf8'));

/** A module of the checkout, or of what one of its modules depends on; names of BEFORE give what AFTER calls otherwise. */
export async function load(specifier, from = 'package.json') {
  const module = await import(pathToFileURL(createRequire(join(input.root, from)).resolve(specifier)).href);
  return new Proxy(module, {
    get(target, name) {
      // What an async function gives is asked for it.
      if (name === 'then') return undefined;
      const own = input.exports[name] ?? name;
      if (!(own in target)) throw new Error(`${specifier} exports no "${own}"; if it was renamed, say so in renames.json under "exports"`);
      return target[own];
    },
  });
}

/** Gives the answer. */
export const answer = (value) => writeFileSync(answered, JSON.stringify(value));
