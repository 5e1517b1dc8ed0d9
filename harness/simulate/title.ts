/** Replaces `$name` in a title by the row's value, as Vitest's `describe.for` does. */
export const formatTitle = (title: string, row: object): string =>
  title.replaceAll(/\$(\w+)/g, (whole, name: string) => {
    const value: unknown = Reflect.get(row, name)
    return typeof value === 'string' || typeof value === 'number' ? String(value) : whole
  })
