// Tables of what is installed, from what `npm run check:install -- --save` wrote.
import type { InstallRow, NodeRow } from './install-check/main.ts';
import type { TypeCheck } from './install-check/type-checks.ts';

/** What is written. */
export interface InstallResults {
  readonly version: string;
  readonly date: string;
  readonly together: Readonly<Record<string, number>>;
  readonly nodes: readonly NodeRow[];
  readonly types: readonly TypeCheck[];
  readonly rows: readonly InstallRow[];
}

type Table = readonly [head: readonly string[], rows: readonly (readonly string[])[]];

/** A line a package: megabytes by npm, and the seconds of each manager. */
export function installTable({ rows, together }: InstallResults): Table {
  const names = [...new Set(rows.map((row) => row.package))];
  const lines = names.map((name) => {
    const by = (manager: InstallRow['manager']) => rows.find((row) => row.package === name && row.manager === manager);
    const seconds = (['npm', 'npm linked', 'pnpm'] as const).map((manager) => by(manager)?.seconds.toFixed(1) ?? '');
    return [
      `\`${name}\``,
      by('npm')?.megabytes.toFixed(1) ?? '',
      String(by('npm')?.files ?? ''),
      ...seconds,
      String(by('npm')?.entries ?? ''),
      String(by('pnpm')?.examples ?? ''),
    ];
  });
  const sets = Object.entries(together).map(([words, megabytes]) => [words, megabytes.toFixed(1), '', '', '', '', '', '']);
  return [
    ['package', 'MB', 'files', 'npm, s', 'npm linked, s', 'pnpm, s', 'entries', 'examples run'],
    [...lines, ...sets],
  ];
}

/** A line a Node and package. */
export const nodesTable = ({ nodes }: InstallResults): Table => [
  ['Node', 'package', 'installed in, s'],
  nodes.map(({ node, package: name, seconds }) => [node, `\`${name}\``, seconds.toFixed(1)]),
];

/** A line a package, with the errors under each compiler. */
export function typesTable({ types }: InstallResults): Table {
  const columns = [...new Set(types.map(({ typescript, resolution }) => `${typescript}, ${resolution}`))];
  const names = [...new Set(types.map((row) => row.package))];
  const errors = (name: string, column: string): string =>
    String(types.find((row) => row.package === name && `${row.typescript}, ${row.resolution}` === column)?.errors ?? '');
  return [['errors in', ...columns], names.map((name) => [`\`${name}\``, ...columns.map((column) => errors(name, column))])];
}
