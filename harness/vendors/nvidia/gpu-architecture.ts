/** The name of a GPU architecture, `Hopper`, for a CUDA compute capability, `9.0`. */

const NAMES: Readonly<Record<string, string>> = {
  '7.0': 'Volta',
  '7.5': 'Turing',
  '8.0': 'Ampere',
  '8.6': 'Ampere',
  '8.9': 'Ada Lovelace',
  '9.0': 'Hopper',
  '10.0': 'Blackwell',
  '10.3': 'Blackwell',
  '12.0': 'Blackwell',
}

export const architectureOf = (capability: string): string =>
  NAMES[capability] ?? `compute capability ${capability}`
