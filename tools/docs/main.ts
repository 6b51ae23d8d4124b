// Writes the API reference of every public entry to docs/api, or to the folder it is given. A broken {@link} fails it.
import { fileURLToPath } from 'node:url';
import { Application, Comment } from 'typedoc';
import { publicEntries } from './entries.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const out = process.argv[2] ?? path('../../docs/api');
const entries = publicEntries(path('../..'));
const byFile = new Map(entries.map((entry) => [entry.file, entry]));

const app = await Application.bootstrap({
  name: 'HybridMED',
  entryPoints: entries.map(({ file }) => file),
  tsconfig: path('tsconfig.json'),
  basePath: path('../..'),
  readme: path('front.md'),
  disableGit: true,
  disableSources: true,
  excludeExternals: true,
  excludeInternal: true,
  // Types are checked by `npm run check`, with the compiler that builds the packages.
  skipErrorChecking: true,
  validation: { invalidLink: true, invalidPath: true, rewrittenLink: true, notExported: false, notDocumented: false },
  treatWarningsAsErrors: true,
});

// Modules bear the names that users import.
const points = app.getEntryPoints()?.map((point) => ({ ...point, displayName: byFile.get(point.sourceFile.fileName)!.specifier }));
if (points) {
  const project = app.converter.convert(points);
  for (const module of project.children ?? []) {
    const entry = entries.find(({ specifier }) => specifier === module.name);
    if (entry) module.comment = new Comment([{ kind: 'text', text: entry.summary }]);
  }
  app.validate(project);
  if (!app.logger.hasErrors() && !app.logger.hasWarnings()) {
    await app.generateDocs(project, out);
    console.log(`${entries.length} entries`);
  }
}
if (app.logger.hasErrors() || app.logger.hasWarnings()) process.exitCode = 1;
