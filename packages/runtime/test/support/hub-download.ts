// A process that downloads a model and prints its path.
import { localPath } from '../../src/hub/local-path.ts';

process.stdout.write(await localPath(process.argv[2]!));
