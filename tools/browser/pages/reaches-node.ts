// A page that must not be bundled: it reaches a module that only Node has.
import { readFileSync } from 'node:fs';

Object.assign(window, { __result: typeof readFileSync });
