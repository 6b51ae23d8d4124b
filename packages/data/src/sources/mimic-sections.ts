// Sections of a MIMIC-CXR report, found as the data set's authors find them [MIT-LCP/mimic-cxr, txt/section_parser.py and
// create_section_files.py]: upper-case heads at the start of a line, names folded into a few, the last section of a name wins.
import { conclusionRanges, conclusionSections } from './mimic-exceptions.ts';
import { isKnown, misspelt, sectionName } from './mimic-names.ts';

/** One section: its folded name, and its text as it stands in the report. */
export interface ReportSection {
  readonly name: string;
  readonly text: string;
}

/** What a report says, by section; sections that it lacks are undefined. */
export interface MimicReport {
  readonly sections: readonly ReportSection[];
  readonly findings?: string;
  readonly impression?: string;
  readonly lastParagraph?: string;
  readonly comparison?: string;
  /** What the authors label a study by: impression, else findings, else the last paragraph, else the comparison; empty where there is none. */
  readonly conclusion: string;
}

// One letter may be a small one or a digit where the name is near to a known one; after such a name a semicolon may stand.
const head = /\n ([A-Z ()/,-]+[a-z0-9]?[A-Z ()/,-]*|[a-z0-9][A-Z ()/,-]+)(?:(:)|;)\s/g;
const paragraph = '\n \n';

const isHead = ([, name = '', usual]: RegExpExecArray): boolean =>
  (usual !== undefined && !/[a-z0-9]/.test(name)) || isKnown(name) || misspelt(name) !== undefined;

/** Sections in their order. A head on the very next line after a head's own belongs to its text, which avoids false heads. */
export function splitSections(report: string): ReportSection[] {
  const text = report.replace(/\r\n?/g, '\n');
  const rawSections: ReportSection[] = [];
  const nextHead = (from: number): RegExpExecArray | null => {
    head.lastIndex = from;
    let match = head.exec(text);
    while (match && !isHead(match)) {
      head.lastIndex = match.index + 1;
      match = head.exec(text);
    }
    return match;
  };
  let match = nextHead(0);
  if (!match) rawSections.push({ name: 'full report', text });
  else rawSections.push({ name: 'preamble', text: text.slice(0, match.index + 2) });
  while (match) {
    const start = match.index + match[0].length;
    const line = text.indexOf('\n', start);
    const next = nextHead(line < 0 ? start : line);
    rawSections.push({ name: match[1]!.toLowerCase(), text: text.slice(start, next ? next.index : text.length) });
    match = next;
  }
  const sections = rawSections
    .map((section) => ({ name: sectionName(section.name), text: section.text }))
    .filter(({ name, text: content }) => content.trim() !== '' || (name !== 'impression' && name !== 'findings'));
  const last = sections.at(-1);
  if (last && !sections.some(({ name }) => name === 'impression' || name === 'findings') && last.text.includes(paragraph)) {
    const at = last.text.indexOf(paragraph);
    sections[sections.length - 1] = { name: last.name, text: last.text.slice(0, at) };
    sections.push({ name: 'last_paragraph', text: last.text.slice(at + paragraph.length) });
  }
  return sections;
}

/** Reads a report. `study` (as `s50414267`) applies what the authors found out about single reports. */
export function readMimicReport(report: string, study?: string): MimicReport {
  const range = study === undefined ? undefined : conclusionRanges[study];
  // Counted in characters of the file with its line endings as single line feeds.
  if (range)
    return {
      sections: [],
      conclusion: [...report.replace(/\r\n?/g, '\n')]
        .slice(...range)
        .join('')
        .trim(),
    };
  const sections = splitSections(report);
  const last = (name: string): string | undefined => sections.findLast((section) => section.name === name)?.text.trim();
  const misplaced = study === undefined ? undefined : conclusionSections[study];
  if (misplaced !== undefined && last(misplaced) !== undefined) return { sections, conclusion: last(misplaced)! };
  const [findings, impression, lastParagraph, comparison] = ['findings', 'impression', 'last_paragraph', 'comparison'].map(last);
  return {
    sections,
    ...(findings === undefined ? {} : { findings }),
    ...(impression === undefined ? {} : { impression }),
    ...(lastParagraph === undefined ? {} : { lastParagraph }),
    ...(comparison === undefined ? {} : { comparison }),
    conclusion: impression ?? findings ?? lastParagraph ?? comparison ?? '',
  };
}
