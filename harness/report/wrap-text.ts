/** Folds text into lines of a width. Takes phrases; breaks between them where it can, else at spaces; cuts no word. */

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

/** Every line of `text` folded by itself. */
export const wrapLines = (text: string, width: number): readonly string[] =>
  text.split('\n').flatMap((line) => wrapItems([line], width))
