/** The colours of a heat map's cells: one hue in five steps, from light to dark, each with an ink that is read on it. */
const COLOURS = [
  { fill: '#e8f1f8', ink: '#10212e' },
  { fill: '#c3dcee', ink: '#10212e' },
  { fill: '#8fbfdf', ink: '#10212e' },
  { fill: '#2f7fb8', ink: '#ffffff' },
  { fill: '#0b4f86', ink: '#ffffff' },
] as const

/** `step` is from 0 to 4. */
export const cellColours = (step: number): { readonly fill: string; readonly ink: string } =>
  COLOURS[step] ?? COLOURS[0]
