#!/usr/bin/env node
import { heedClosedStreams } from '../dist/cli/closed-streams.js';
import { main } from '../dist/cli/main.js';

heedClosedStreams();
process.exitCode = await main(process.argv.slice(2));
// Stopped by a signal: nobody waits for what is still under way.
if (process.exitCode > 128) process.exit();
