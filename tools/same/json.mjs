// JSON of a command or file in the form that is compared: without times and speeds, a work folder's path shortened, names as AFTER has them.

/** Keys that tell when, how fast, and with how much memory. */
const timely = /^(started|ended|date|time|times|seconds|elapsed|duration|residentMiB)$|(PerSecond|Seconds|Milliseconds|MiB)$/;

const endsWithOneOf = (path, ends) => ends.some((end) => `.${path.join('.')}`.endsWith(`.${end}`));

/** A value from JSON of one side as it is compared; `ignored` names keys that are left out beside those of `renames.json`. */
export function comparable(value, session, side, ignored = []) {
  const { folder, names } = session[side];
  const left = [...session.renames.ignoredJsonKeys, ...ignored];
  /** `own` is the path in this side's names, `shown` in AFTER's. */
  const walk = (inner, own, shown) => {
    if (typeof inner === 'string') return names.text(inner.replaceAll(folder, '.'));
    if (Array.isArray(inner)) return inner.map((each) => walk(each, own, shown));
    if (typeof inner !== 'object' || inner === null) return inner;
    const entries = Object.entries(inner).map(([key, each]) => {
      const here = [...own, key];
      return [names.key(here), each, here];
    });
    const kept = entries.filter(([key, , here]) => !timely.test(key) && !endsWithOneOf(here, left) && !endsWithOneOf([...shown, key], left));
    return Object.fromEntries(kept.map(([key, each, here]) => [key, walk(each, here, [...shown, key])]));
  };
  return walk(value, [], []);
}
