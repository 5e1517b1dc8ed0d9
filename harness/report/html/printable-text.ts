/**
 * Text from pods, nodes, files and the cluster, made fit for a page. It keeps line breaks and tabs; every other control,
 * direction or invisible character is written as its code point, so that no text can hide or reorder what is beside it. Absolute
 * paths lose their folders, which tell about the machine and not about the fault.
 */
import { stripVTControlCharacters } from 'node:util'

const MOST_CHARACTERS = 4000

/** At most `most` UTF-16 code units of `text`, followed by how many were left out. */
export function printableText(text: string, most: number = MOST_CHARACTERS): string {
  const bounded = text.length <= most ? text : text.slice(0, most).toWellFormed()
  const visible = withoutFolders(stripVTControlCharacters(bounded))
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu, (character) =>
      character === '\n' || character === '\t' ? character : `\\u{${codePointOf(character)}}`,
    )
    // Stacked combining marks would cover the lines above and below.
    .replaceAll(/(\p{M}{2})\p{M}+/gu, '$1')
  return bounded === text ? visible : `${visible}… (${text.length - most} characters more)`
}

/** Paths of the kernel and of the transfer image are the same on every machine. */
const ABSOLUTE_PATH =
  /(?<![^\s"'`(<[{,;=])(?:file:\/\/)?\/(?!(?:dev|sys|proc|opt\/claimcheck)\/)(?:[^\s()<>"'`:,;/]+\/)+(?=[^\s()<>"'`:,;/])/g

/** `.../rack.yaml` of `/home/user/racks/rack.yaml`. */
const withoutFolders = (text: string): string => text.replaceAll(ABSOLUTE_PATH, '.../')

/** A label of at most `most` characters, on one line. */
export function shortText(text: string, most: number): string {
  const line = printableText(text, 200).replaceAll(/\s+/g, ' ')
  return line.length <= most ? line : `${line.slice(0, most - 1).toWellFormed()}…`
}

const codePointOf = (character: string): string => (character.codePointAt(0) ?? 0).toString(16)
