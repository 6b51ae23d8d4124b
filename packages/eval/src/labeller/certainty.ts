// Whether a clause asserts, doubts or denies what it mentions, by the words around the mention [after NegEx, Chapman et al. 2001].

/** What a text says of a label. */
export type Certainty = 'present' | 'uncertain' | 'absent';

// "No change" denies change, not the finding; "not only" denies nothing.
const noDenial =
  /\b(?:no|not|without)(?: \w+){0,2} (?:change|changes|changed|increase|decrease|improvement|progression|only|necessarily)\b|\bno further\b|\bnot as\b/g;

const deniedBefore =
  /\b(?:no|not|without|negative for|free of|clear of|absence of|lack of|resolved|resolution of|rather than|never|neither|nor|non|denies|ruled out|exclud(?:es|ing))\b/;
const deniedAfter =
  /^[^.;]{0,30}?\b(?:(?:is|are|was|were|has|have|has been|have been)(?: now)? (?:not|no longer|resolved|removed|absent|excluded|cleared)|not (?:seen|identified|present|visualized|evident|appreciated|demonstrated|noted)|(?:is|are|has|have) (?:been )?(?:completely |since )?(?:resolved|removed|cleared)|unlikely)\b|^[^.;]{0,12}?\bwithin (?:normal limits|limits of normal|the limits of normal)\b/;
const doubtedBefore =
  /\b(?:possib(?:le|ly|ility)|may|might|could|probabl[ey]|likely|suspicious|suspected|suspicion|suggest(?:s|ing|ive|ed)?|concern(?:ing|ed)?|questionable|question|equivocal|presum(?:ed|ably)|borderline|differential|versus|vs|perhaps|potentially|(?:cannot|can not|not|difficult to|to|unable to) (?:be )?(?:entirely |completely |definitely )?exclude[d]?|rule out|evaluate for|correlate for)\b/;
const doubtedAfter =
  /^[^.;]{0,40}?\b(?:(?:is|are) (?:possible|likely|suspected|questioned|considered|probable)|(?:cannot|can not|could not|not) (?:be )?(?:entirely |completely )?excluded|(?:cannot|can not) be ruled out|versus|vs|suspected|borderline)\b/;

// A new statement begins here, which an earlier denial or doubt does not reach.
const restarts =
  /\b(?:but|however|although|though|except|apart from|other than|aside from|there (?:is|are)|with (?:a |an |the |small|mild|moderate|large|stable|unchanged|new)|which|is noted|are noted|is seen|are seen|is present|are present|remains?)\b|[,:] (?:there|a|an|stable|unchanged|small|mild|moderate|severe|new|mildly|status post)\b/g;

/** What lies between the last restart and the mention. */
function scopeBefore(text: string): string {
  let start = 0;
  for (const match of text.matchAll(restarts)) start = match.index;
  return text.slice(start);
}

/** Certainty of a mention at [start, end) of a lower-case clause. */
export function certaintyOf(clause: string, start: number, end: number): Certainty {
  const scope = scopeBefore(clause.slice(0, start)).replace(noDenial, ' ');
  const [own, after] = [clause.slice(start, end), clause.slice(end)];
  const cannotExclude = /\b(?:cannot|can not|not|difficult to|unable to) (?:be )?(?:entirely |completely |definitely )?exclude/;
  if (cannotExclude.test(scope) || doubtedAfter.test(after)) return 'uncertain';
  if (deniedBefore.test(scope) || /\b(?:not|no longer|without)\b/.test(own) || deniedAfter.test(after)) return 'absent';
  if (doubtedBefore.test(scope) || /\b(?:borderline|upper limits|possibly|may)\b/.test(own)) return 'uncertain';
  return 'present';
}
