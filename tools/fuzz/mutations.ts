/** Hostile variants of a genuine text: pieces cut, repeated and inserted, and where it is JSON, values replaced. */
import * as fc from 'fast-check'

/** What parsers and the code behind them stumble over. */
const VALUES: readonly unknown[] = [
  null,
  true,
  '',
  '..',
  '\u001B[2J\u0000\u202E',
  'x'.repeat(20_000),
  '__proto__',
  -1,
  0.1,
  1e308,
  2 ** 53,
  [],
  {},
  [null],
  [[[[]]]],
  { __proto__: null, constructor: 1 },
  JSON.parse(`${'['.repeat(200)}${']'.repeat(200)}`),
]
/** Signs and words of JSON, YAML, logs and tables, one a line. */
const SIGNS = `{
}
[
]
"
'
\\
:
,
&a
*a
<<: *a
!!js/function x
---
%YAML 1.1
? 
- 
|
~
null
NaN
1e999
-0
0x1F
.inf
__proto__
RESULT {}
END {}
ERROR {}
N/A
[N/A]`.split('\n')
const CONTROLS = ['\n', '\r', '\0', '\uFEFF', '\u2028', '\uD800', '\u001B]52;c;x\u0007']
const LONG = ['[', '- ', '{"a":', ','].map((sign) => sign.repeat(3000))
const PIECES = [...SIGNS, ...CONTROLS, ...LONG, '9'.repeat(400)]

const place = fc.double({ min: 0, max: 1, noNaN: true })
const edit = fc.oneof(
  fc.record({ kind: fc.constant('cut' as const), from: place, length: fc.nat(200) }),
  fc.record({ kind: fc.constant('repeat' as const), from: place, length: fc.nat(200) }),
  fc.record({
    kind: fc.constant('insert' as const),
    from: place,
    text: fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary' })),
  }),
)
const replacement = fc.record({
  path: fc.array(fc.nat(40), { minLength: 1, maxLength: 8 }),
  value: fc.oneof(fc.constantFrom(...VALUES), fc.jsonValue()),
  drop: fc.boolean(),
})

/** Mostly near one of the seeds, where a parser goes far; sometimes any text. */
export function hostileText(seeds: readonly string[]): fc.Arbitrary<string> {
  const seed = fc.constantFrom(...seeds)
  return fc.oneof(
    { weight: 4, arbitrary: fc.tuple(seed, fc.array(edit, { minLength: 1, maxLength: 6 })).map(withEdits) },
    {
      weight: 6,
      arbitrary: fc.tuple(seed, fc.array(replacement, { minLength: 1, maxLength: 4 })).map(withReplacements),
    },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
    { weight: 1, arbitrary: fc.json() },
  )
}

type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never
type Replacement = typeof replacement extends fc.Arbitrary<infer T> ? T : never

function withEdits([seed, edits]: [string, Edit[]]): string {
  return edits.reduce((text, one) => {
    const at = Math.floor(one.from * text.length)
    if (one.kind === 'insert') return text.slice(0, at) + one.text + text.slice(at)
    const end = at + one.length
    return text.slice(0, at) + (one.kind === 'repeat' ? text.slice(at, end).repeat(3) : '') + text.slice(end)
  }, seed)
}

/** The seed as it is where it is not JSON. */
function withReplacements([seed, replacements]: [string, Replacement[]]): string {
  if (!/^\s*[[{]/.test(seed)) return seed
  const value: unknown = JSON.parse(seed)
  for (const { path, value: hostile, drop } of replacements)
    replaceAt(value, path, structuredClone(hostile), drop)
  return JSON.stringify(value)
}

/** Each number of the path chooses an entry, by the remainder; the path ends early at a value without entries. */
function replaceAt(
  value: unknown,
  [step = 0, ...rest]: readonly number[],
  hostile: unknown,
  drop: boolean,
): void {
  if (typeof value !== 'object' || value === null) return
  const holder = value as Record<string, unknown>
  const keys = Object.keys(holder)
  const key = keys[step % Math.max(1, keys.length)]
  if (key === undefined) return
  const inner = holder[key]
  const goesOn =
    rest.length > 0 && typeof inner === 'object' && inner !== null && Object.keys(inner).length > 0
  if (goesOn) replaceAt(inner, rest, hostile, drop)
  else if (drop) delete holder[key]
  else holder[key] = hostile
}
