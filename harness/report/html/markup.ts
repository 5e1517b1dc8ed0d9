/**
 * The one way to write HTML and SVG here: a template tag that escapes every value it is given. Only `Markup` made by the
 * tag itself passes unescaped. Attribute values stand in double quotes.
 */
import { printableText } from './printable-text.ts'

export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** What a template may hold; `undefined` and `false` write nothing. */
export type Content = Markup | string | number | undefined | false | readonly Content[]

export function markup(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  const texts = values.map((value, index) => textOf(value) + (parts[index + 1] ?? ''))
  return new Markup((parts[0] ?? '') + texts.join(''))
}

function textOf(value: Content): string {
  if (value === undefined || value === false) return ''
  if (value instanceof Markup) return value.text
  if (typeof value === 'object') return value.map(textOf).join('')
  return escaped(typeof value === 'number' ? String(value) : printableText(value))
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (found) => ENTITIES[found] ?? found)

/** A length in an SVG, to a tenth of its unit. */
export const px = (value: number): string => String(Number(value.toFixed(1)))
