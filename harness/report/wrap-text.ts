/** Wraps text to a width: between phrases where possible, otherwise at spaces. A word longer than the width is not split. */

export function wrapItems(phrases: readonly string[], width: number): readonly string[] {
  const lines: string[] = []
  for (const [i, phrase] of phrases.entries()) {
    const text = i < phrases.length - 1 ? `${phrase},` : phrase
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + text.length <= width)
      lines[lines.length - 1] = `${last} ${text}`
    else lines.push(...words(text, width))
  }
  return lines
}

function words(text: string, width: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

/** Wraps every line of `text` separately. */
export const wrapLines = (text: string, width: number): readonly string[] =>
  text.split('\n').flatMap((line) => wrapItems([line], width))
