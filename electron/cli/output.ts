/** What a command writes to. */
export interface Writer {
  write(text: string): unknown
}

/**
 * Text that is safe on a terminal: names and reasons come from agents, and a control sequence in one could rewrite
 * the screen. Control and format characters (Unicode Cc, Cf, Zl, Zp) are shown as their code point.
 */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (found) => `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`)

/** One JSON text on a line of its own. */
export function writeJsonLine(writer: Writer, value: unknown): void {
  writer.write(`${JSON.stringify(value)}\n`)
}

/** One line for people. */
export function writeLine(writer: Writer, text: string): void {
  writer.write(`${printable(text)}\n`)
}

/** The detail of a record as `key=value`, text that holds spaces quoted. */
export function describeFields(fields: Readonly<Record<string, string | number | boolean | null>>): string {
  return Object.entries(fields)
    .map(([key, value]) => {
      const text = String(value)
      return `${key}=${/[\s"=]/.test(text) || text === '' ? JSON.stringify(text) : text}`
    })
    .join(' ')
}
