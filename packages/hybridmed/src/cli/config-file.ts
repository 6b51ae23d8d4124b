// Configuration files of commands, in JSON or YAML: an object whose keys are those of the options.
import type { Options } from '@hybridmed/training/options';
import { option, string } from '@hybridmed/training/options';

/** `--config`, which every command has. */
export const configOption = {
  config: option({ value: string(), argument: 'file', help: 'values of these options from a JSON or YAML file, keys in camelCase; flags take precedence' }),
} as const satisfies Options;

// A file with every setting has some 3 KB. YAML's parser takes time in the square of what it reads, and more memory.
const [maxBytes, maxYamlBytes] = [2 ** 20, 2 ** 16];

// Aliases stand for copies: a few lines of them can stand for more than any memory holds.
const maxAliases = 100;

// The parser's own places take time in the number of its errors times the size of the file.
function placeOf(content: string, position: number): string {
  const lines = content.slice(0, position).split('\n');
  return `line ${lines.length}, column ${lines.at(-1)!.length + 1}`;
}

/** Parses YAML 1.2 without tags. Throws one line that names the file, the place and what is wrong. */
async function parseYaml(file: string, content: string): Promise<unknown> {
  const [{ parseDocument }, { fileError }] = await Promise.all([import('yaml'), import('@hybridmed/runtime/files')]);
  if (content.length > maxYamlBytes) throw fileError(file, `has more than ${maxYamlBytes / 1024} KiB`, 'name a configuration file, or write it in JSON');
  try {
    const document = parseDocument(content, { version: '1.2', schema: 'core', strict: true, uniqueKeys: true, logLevel: 'error', prettyErrors: false });
    const problem = document.errors[0] ?? document.warnings[0];
    if (problem) throw Object.assign(problem, { message: `${problem.message} at ${placeOf(content, problem.pos[0])}` });
    return document.toJS({ maxAliasCount: maxAliases });
  } catch (error) {
    // A file that is nested too deeply exhausts the stack.
    const { code, message } = error as { code?: string; message: string };
    const said = code === 'MULTIPLE_DOCS' ? 'it holds several documents' : message.split('\n')[0]!;
    throw fileError(file, `is not valid YAML (${/call stack/.test(message) ? 'it is nested too deeply' : said})`, 'mend it');
  }
}

/** Files that are called neither .json nor .yaml, such as pipes, are known by their first character. */
const isJson = (file: string, content: string): boolean => /\.json$/i.test(file) || (!/\.ya?ml$/i.test(file) && /^\uFEFF?\s*[{[]/.test(content));

/** Reads values of `options` from a file. Throws one line that names the file, the key and what it must be. */
export async function readConfig(file: string, options: Options): Promise<Record<string, unknown>> {
  const [{ parseJson, readText }, { checkValues }] = await Promise.all([import('@hybridmed/runtime/files'), import('@hybridmed/runtime/run')]);
  const content = await readText(file, maxBytes, 'configuration file', { pipes: true });
  return checkValues(file, isJson(file, content) ? parseJson(file, content) : await parseYaml(file, content), options);
}
