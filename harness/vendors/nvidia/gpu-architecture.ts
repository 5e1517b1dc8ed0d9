/** What follows from a CUDA compute capability: the name of the architecture, and the most NVLinks that a GPU of it has. */

interface Architecture {
  readonly name: string
  readonly mostLinks: number
}

/** Links: NVIDIA's architecture white papers. */
const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  '6.0': { name: 'Pascal', mostLinks: 4 },
  '6.1': { name: 'Pascal', mostLinks: 0 },
  '7.0': { name: 'Volta', mostLinks: 6 },
  '7.5': { name: 'Turing', mostLinks: 2 },
  '8.0': { name: 'Ampere', mostLinks: 12 },
  '8.6': { name: 'Ampere', mostLinks: 4 },
  '8.9': { name: 'Ada Lovelace', mostLinks: 0 },
  '9.0': { name: 'Hopper', mostLinks: 18 },
  '10.0': { name: 'Blackwell', mostLinks: 18 },
  '10.3': { name: 'Blackwell', mostLinks: 18 },
  '12.0': { name: 'Blackwell', mostLinks: 0 },
  '12.1': { name: 'Blackwell', mostLinks: 0 },
}
const MOST_LINKS = 18

export const architectureOf = (capability: string): string =>
  ARCHITECTURES[capability]?.name ?? `compute capability ${capability}`

/** For an unknown capability: the most that any GPU has. */
export const mostLinksOf = (capability: string | undefined): number =>
  (capability === undefined ? undefined : ARCHITECTURES[capability]?.mostLinks) ?? MOST_LINKS
