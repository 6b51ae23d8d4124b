// The command line from source, for tests that need a process of their own.
import { heedClosedStreams } from '../../src/cli/closed-streams.ts';
import { main } from '../../src/cli/main.ts';

heedClosedStreams();
process.exitCode = await main(process.argv.slice(2));
