/** A title with `$name` filled in from a row, as Vitest does in `describe.for`. */
export const formatTitle = (title: string, row: object): string =>
  title.replaceAll(/\$(\w+)/g, (whole, name: string) => {
    const value: unknown = Reflect.get(row, name)
    return typeof value === 'string' || typeof value === 'number' ? String(value) : whole
  })
