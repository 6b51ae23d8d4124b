// Names of sections in MIMIC-CXR's reports, misspelt ones among them, folded into a few as the data set's authors fold them
// [MIT-LCP/mimic-cxr, txt/section_parser.py], but for NDICATION, which they take for an impression. Names with one letter lost, added, changed
// or out of its place are folded too.

/** Names as reports have them, by the name they are folded into. */
const aliases: Readonly<Record<string, readonly string[]>> = {
  preamble: ['preamble'],
  impression: ['impression', 'conclusion', 'findings and impression', 'findings/impression', 'findings/ impression', 'imperssion'],
  comparison: ['comparison', 'comparisons', 'reference exam', 'comparison exam', 'comparison film'],
  indication: ['indication', 'reason for examination', 'reason for exam', 'clinical indication'],
  findings: ['findings', 'chest, two views', 'finding', 'reference findings'],
  examination: ['examination', 'exam', 'type of examination'],
  technique: ['technique'],
  history: ['history', 'clinical history', 'clinical information', 'patient history', 'pfi'],
  notification: ['notification'],
  recommendations: ['recommendation(s)', 'recommendations', 'recommendation'],
  addendum: ['addendum'],
  date: ['date'],
  comment: ['comment'],
  'wet read': ['wet read', 'wetread'],
};

const folded = new Map(Object.entries(aliases).flatMap(([name, known]) => known.map((alias) => [alias, name] as const)));

// Shorter names are near to too many words.
const shortest = 7;

/** Whether two names are the same but for one letter, or two neighbours that changed places. */
function nearly(a: string, b: string): boolean {
  const least = Math.min(a.length, b.length);
  let [start, end] = [0, 0];
  while (start < least && a[start] === b[start]) start++;
  while (end < least - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const [x, y] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  return Math.max(x.length, y.length) <= 1 || (x.length === 2 && x[0] === y[1] && x[1] === y[0] && y.length === 2);
}

/** Whether a name is one of those that are folded. */
export const isKnown = (head: string): boolean => folded.has(head.toLowerCase().trim());

/** The folded name of a section's misspelt one; undefined where it is near to none. */
export function misspelt(head: string): string | undefined {
  const name = head.toLowerCase().trim();
  return name.length < shortest - 1 ? undefined : [...folded].find(([known]) => known.length >= shortest && nearly(name, known))?.[1];
}

/** A name that holds one of these is that section. */
const main = ['impression', 'findings', 'history', 'comparison', 'addendum'] as const;

/** A name that holds one of these describes the whole examination, which is how some reports head their findings. */
const wholeStudy =
  /chest|portable|pa and lateral|lateral and pa|ap and lateral|lateral and ap|frontal and|two views|frontal view|pa view|ap view|one view|lateral view|bone window|frontal upright|frontal semi-upright|ribs|pa and lat/;

/** The folded name of a section; one that nothing is known of keeps its own, in lower case. */
export function sectionName(head: string): string {
  const name = head.toLowerCase().trim();
  return folded.get(name) ?? main.find((part) => name.includes(part)) ?? (wholeStudy.test(name) ? 'findings' : (misspelt(name) ?? name));
}
