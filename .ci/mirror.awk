# Prints where the system's apt sources take Debian's own archive from: the first enabled source of binary packages whose suite is
# `codename`, with the component main and "debian" in its address. Reads both formats, one line a source (.list) and deb822 (.sources).
function take(types, uris, suites, components, enabled,   list, suite, count, i) {
  if (done || enabled ~ /^(no|false|0)$/ || !has(types, "deb") || !has(suites, codename) || !has(components, "main")) return
  count = split(uris, list, /[ \t]+/)
  for (i = 1; i <= count && !done; i++) if (list[i] ~ /debian/ && list[i] !~ /^cdrom:/) { print list[i]; done = 1 }
}
function has(words, word,   list, count, i) {
  count = split(words, list, /[ \t]+/)
  for (i = 1; i <= count; i++) if (list[i] == word) return 1
  return 0
}
function flush() { take(field["types"], field["uris"], field["suites"], field["components"], field["enabled"]); split("", field); key = "" }
FNR == 1 { flush() }
/^[ \t]*#/ { next }
/^[ \t]*deb[ \t]/ {
  sub(/^[ \t]*deb[ \t]+/, ""); sub(/^\[[^]]*\][ \t]*/, ""); sub(/[ \t]*#.*/, "")
  uri = $1; suite = $2; $1 = ""; $2 = ""
  take("deb", uri, suite, $0, "yes")
  next
}
/^[ \t]*$/ { flush(); next }
/^[ \t]/ { if (key != "") field[key] = field[key] " " $0; next }
/^[A-Za-z-]+:/ { key = tolower(substr($0, 1, index($0, ":") - 1)); value = substr($0, index($0, ":") + 1); sub(/^[ \t]+/, "", value); field[key] = value }
END { flush() }
