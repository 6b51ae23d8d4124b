// Reports whose conclusion the section heads do not lead to: the list that MIMIC-CXR's authors made by reading them
// [MIT-LCP/mimic-cxr, txt/section_parser.py, custom rules].

/** Studies by the section, misnamed in the report, that holds their conclusion. */
const studiesBySection: Readonly<Record<string, readonly string[]>> = {
  examination: ['s50743547', 's53356173', 's55157853', 's59215320', 's59363654'],
  history: ['s51491012'],
  indication: ['s50058765', 's51966317', 's54365831', 's54654948', 's55124749', 's57936451'],
  note: ['s56451190'],
  recommendations: ['s50913680', 's56482935', 's58157373', 's58375018', 's59067458', 's59087630', 's59768032'],
  technique: ['s50808053', 's53202765', 's59279892'],
};

/** For a study: the section that holds its conclusion. */
export const conclusionSections: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(studiesBySection).flatMap(([section, studies]) => studies.map((study) => [study, section])),
);

/** For a study: from which character to which one its conclusion stands; 0 to 0 where the report has none. */
export const conclusionRanges: Readonly<Record<string, readonly [number, number]>> = {
  s50196495: [59, 399],
  s50525523: [201, 349],
  s50798377: [0, 0],
  s51410602: [47, 320],
  s52035334: [0, 0],
  s52119491: [179, 454],
  s52648681: [292, 631],
  s52674888: [145, 296],
  s53071062: [0, 0],
  s53182247: [59, 412],
  s53488209: [149, 475],
  s53514462: [73, 377],
  s53607029: [0, 0],
  s54168089: [0, 0],
  s54231141: [0, 0],
  s54875119: [234, 988],
  s54986978: [59, 306],
  s55258338: [192, 568],
  s56412866: [522, 822],
  s56579911: [59, 218],
  s56724958: [0, 0],
  s56760320: [219, 457],
  s57150433: [61, 394],
  s57564132: [233, 554],
  s58235663: [0, 0],
  s59003148: [262, 505],
  s59330497: [140, 655],
  s59505494: [59, 450],
  s59562049: [158, 348],
  s59889364: [172, 453],
  s59982525: [313, 717],
};
