#!/usr/bin/env node
import { main } from '../dist/cli/main.js';

process.exitCode = await main(process.argv.slice(2));
// Stopped by a signal: nobody waits for what is still under way.
if (process.exitCode > 128) process.exit();
