// Command lines of a block of shell as words: enough of a shell's grammar to find which programs are called with what.

/** One simple command: words, without assignments before it and without redirections. */
export type ShellCommand = readonly string[];

/** Words of a line, quotes taken off; operators stand as words of their own. Comments end a line. */
function wordsOf(line: string): { readonly text: string; readonly operator: boolean }[] {
  const pattern = /(\s+)|(#.*$)|(&&|\|\||[|;&]|\d?>>?|<)|((?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"|;&<>])+)/gy;
  const words: { text: string; operator: boolean }[] = [];
  for (const [, , comment, operator, word] of line.matchAll(pattern)) {
    if (comment !== undefined) break;
    if (operator !== undefined) words.push({ text: operator, operator: true });
    if (word !== undefined) words.push({ text: word.replaceAll(/'([^']*)'|"((?:\\.|[^"\\])*)"/g, (_, single, double) => single ?? double), operator: false });
  }
  return words;
}

/** A script without the texts that it holds for programs, between `<<'END'` and a line of `END`. */
const withoutTexts = (script: string): string => script.replaceAll(/<<-?\s*(['"]?)(\w+)\1(.*\n)[\s\S]*?^\s*\2$/gm, '$3');

/** The simple commands of a script. Lines that end in a backslash go on in the next one. */
export function shellCommands(script: string): ShellCommand[] {
  return withoutTexts(script)
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .flatMap((line) => {
      const commands: string[][] = [[]];
      let target = false;
      for (const { text, operator } of wordsOf(line)) {
        if (operator) {
          target = /[<>]/.test(text);
          if (!target) commands.push([]);
        } else if (target) target = false;
        else if (commands.at(-1)!.length > 0 || !/^[A-Za-z_]\w*=/.test(text)) commands.at(-1)!.push(text);
      }
      return commands.filter((command) => command.length > 0);
    });
}
