// Names of sections in MIMIC-CXR's reports, misspelt ones among them, folded into a few as the data set's authors fold them
// [MIT-LCP/mimic-cxr, txt/section_parser.py].

/** Names as reports have them, by the name they are folded into. */
const aliases: Readonly<Record<string, readonly string[]>> = {
  preamble: ['preamble'],
  impression: [
    'impression',
    'conclusion',
    'findings and impression',
    'findings/impression',
    'ndication',
    'impresson',
    'imprression',
    'imoression',
    'impressoin',
    'imprssion',
    'impresion',
    'imperssion',
    'mpression',
    'impession',
    'findings/ impression',
  ],
  comparison: ['comparison', 'comparisons', 'reference exam', 'comparison exam', 'comparison film', 'comparision', 'comparsion', 'comparrison', 'comparisions'],
  indication: ['indication', 'reason for examination', 'reason for exam', 'clinical indication', 'idication'],
  findings: ['findings', 'chest, two views', 'finding', 'findins', 'findindgs', 'findgings', 'findngs', 'findnings', 'finidngs', 'reference findings'],
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

/** A name that holds one of these is that section. */
const main = ['impression', 'findings', 'history', 'comparison', 'addendum'] as const;

/** A name that holds one of these describes the whole examination, which is how some reports head their findings. */
const wholeStudy =
  /chest|portable|pa and lateral|lateral and pa|ap and lateral|lateral and ap|frontal and|two views|frontal view|pa view|ap view|one view|lateral view|bone window|frontal upright|frontal semi-upright|ribs|pa and lat/;

/** The folded name of a section; one that nothing is known of keeps its own, in lower case. */
export function sectionName(head: string): string {
  const name = head.toLowerCase().trim();
  return folded.get(name) ?? main.find((part) => name.includes(part)) ?? (wholeStudy.test(name) ? 'findings' : name);
}
